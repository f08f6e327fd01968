#include "cli/build_command.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "base/contains.h"
#include "cli/source_builder.h"
#include "cli/template_parameters.h"
#include "cli/template_source.h"
#include "deploy/package_set.h"
#include "deploy/template.h"

namespace meridian::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Built {
    std::map<std::string, std::string> hashes;  // logical id → CodeSha256
    std::map<std::string, std::string> packages;
};

io::Task<Built> build_once(deploy::Stack stack, SourceBuilder& builder) {
    MERIDIAN_CO_TRY(auto packaged, co_await deploy::package_stack(std::move(stack), builder));
    Built out{.hashes = {}, .packages = std::move(packaged.packages)};
    for (auto const& resource : packaged.stack.resources) {
        for (auto const* const member : {"Code", "Content"}) {
            auto const code = resource.properties.find(member);
            if (code != resource.properties.end() && code->contains("CodeSha256"))
                out.hashes[resource.logical_id] = code->at("CodeSha256").get<std::string>();
        }
    }
    co_return out;
}

// What was asked for, and has code of the template's own.
Result<deploy::Stack> chosen(deploy::Stack stack, std::vector<std::string> const& ids) {
    auto const local = deploy::local_code(stack);
    auto const has_code = [&](std::string const& id) {
        return std::ranges::find(local, id, &deploy::LocalCode::resource) != local.end();
    };
    for (auto const& id : ids) {
        if (!has_code(id)) {
            return fail(Errc::kInvalidParameterValue,
                        fmt::format("The template has no {} with code of its own.", id));
        }
    }
    std::erase_if(stack.resources, [&](deploy::StackResource const& resource) {
        return (!ids.empty() && !contains(ids, resource.logical_id)) ||
               !has_code(resource.logical_id);
    });
    return stack;
}

Result<void> keep(std::string const& folder, Built const& built) {
    std::error_code error;
    fs::create_directories(folder, error);
    for (auto const& [id, hash] : built.hashes) {
        auto const path = fs::path(folder) / (id + ".zip");
        std::ofstream out(path, std::ios::binary | std::ios::trunc);
        out << built.packages.at(hash);
        out.close();
        if (!out) return fail(Errc::kIo, fmt::format("cannot write {}.", path.string()));
    }
    return {};
}

void show(Output const& output, Built const& built) {
    if (output.json) {
        json packages = json::object();
        for (auto const& [id, hash] : built.hashes)
            packages[id] = {{"CodeSha256", hash}, {"CodeSize", built.packages.at(hash).size()}};
        output.print(json{{"Packages", std::move(packages)}}.dump(2) + "\n");
        return;
    }
    for (auto const& [id, hash] : built.hashes)
        output.print(fmt::format("{}  {}  {} bytes\n", hash, id, built.packages.at(hash).size()));
}

}  // namespace

io::Task<> build_template(DeployTools tools, BuildOptions options) {
    MERIDIAN_CO_TRY(auto const source, co_await open_template(options.source));
    MERIDIAN_CO_TRY(auto const parameters, read_parameters(options.parameters));
    MERIDIAN_CO_TRY(auto session, DeploySession::open(tools, {options.region}));
    MERIDIAN_CO_TRY(auto const account, co_await session.account());
    MERIDIAN_CO_TRY(auto const parsed, deploy::Template::parse(source.file, source.text));
    MERIDIAN_CO_TRY(auto expanded,
                    deploy::expand(parsed, {.stack_name = "build",
                                            .region = options.region,
                                            .account = account,
                                            .parameters = parameters,
                                            .ignore_foreign = options.ignore_foreign}));
    MERIDIAN_CO_TRY(auto const stack, chosen(std::move(expanded), options.resources));
    RegionBuilds region(session.first(), tools.output.json ? nullptr : tools.output.print);
    SourceBuilder builder(source.folder, &region);
    builder.on_step = [&](std::string_view step) {
        if (!tools.output.json)
            tools.output.print(fmt::format("building {} in {}\n", step, region.region()));
    };
    MERIDIAN_CO_TRY(auto const built, co_await build_once(stack, builder));
    if (options.check_reproducible) {
        SourceBuilder again(source.folder, &region);
        again.on_step = builder.on_step;
        MERIDIAN_CO_TRY(auto const second, co_await build_once(stack, again));
        for (auto const& [id, hash] : built.hashes) {
            if (second.hashes.at(id) == hash) continue;
            co_return fail(Errc::kResourceConflict,
                           fmt::format("{} is not reproducible: built twice, it was {} and {}. "
                                       "--output keeps packages to compare.",
                                       id, hash, second.hashes.at(id)));
        }
    }
    if (!options.output.empty()) {
        MERIDIAN_CO_CHECK(keep(options.output, built));
    }
    show(tools.output, built);
    co_return Result<void>{};
}

}  // namespace meridian::cli
