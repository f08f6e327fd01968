#include "invoke/runtime_bundle.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace meridian::invoke {
namespace fs = std::filesystem;
namespace {

constexpr int kFormat = 1;

bool is_clean_absolute(std::string const& path) {
    return path.starts_with('/') && path.find("/../") == std::string::npos &&
           !path.ends_with("/..");
}

}  // namespace

Result<std::vector<sandbox::Mount>> RuntimeBundle::open_mounts() const {
    std::vector<sandbox::Mount> opened;
    opened.reserve(mounts.size() + 2);  // the code comes after
    for (auto const& mount : mounts) {
        io::UniqueFd fd(::open(mount.source.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!fd.valid()) {
            return fail(Errc::kIo, fmt::format("runtime {}: cannot open {}: {}", runtime,
                                               mount.source.string(), std::strerror(errno)));
        }
        opened.push_back({std::move(fd), mount.target});
    }
    return opened;
}

Result<RuntimeBundle> parse_manifest(std::string const& text, fs::path const& directory) {
    auto const where = (directory / "manifest.json").string();
    try {
        auto const json = nlohmann::json::parse(text);
        if (json.at("format").get<int>() != kFormat) {
            return fail(Errc::kCorrupt, fmt::format("{}: format {} is not known to this version",
                                                    where, json.at("format").dump()));
        }
        RuntimeBundle bundle;
        bundle.runtime = json.at("runtime").get<std::string>();
        bundle.version = json.value("version", "");
        for (auto const& entry : json.at("mounts")) {
            fs::path source = entry.at("source").get<std::string>();
            if (source.is_relative()) source = directory / source;
            auto target = entry.at("target").get<std::string>();
            if (!is_clean_absolute(target))
                return fail(Errc::kCorrupt, where + ": bad target " + target);
            bundle.mounts.push_back({std::move(source), std::move(target)});
        }
        if (json.contains("links")) {
            for (auto const& entry : json.at("links")) {
                bundle.links.emplace_back(entry.at(0).get<std::string>(),
                                          entry.at(1).get<std::string>());
            }
        }
        if (json.contains("command"))
            bundle.command = json.at("command").get<std::vector<std::string>>();
        if (json.contains("bootstrap"))
            bundle.bootstrap = json.at("bootstrap").get<std::vector<std::string>>();
        if (bundle.command.empty() == bundle.bootstrap.empty()) {
            return fail(Errc::kCorrupt, where + ": exactly one of command and bootstrap is needed");
        }
        if (json.contains("environment")) {
            bundle.environment = json.at("environment").get<std::map<std::string, std::string>>();
        }
        bundle.telemetry_log_fd = json.value("telemetry_log_fd", false);
        return bundle;
    } catch (nlohmann::json::exception const& e) {
        return fail(Errc::kCorrupt, fmt::format("{}: {}", where, e.what()));
    }
}

RuntimeBundles RuntimeBundles::load(fs::path const& root, std::vector<std::string>& problems) {
    RuntimeBundles bundles;
    std::error_code error;
    for (auto const& entry : fs::directory_iterator(root, error)) {
        // A bundle that is being made, or one that an update has put aside.
        if (entry.path().filename().native().starts_with('.')) continue;
        std::ifstream in(entry.path() / "manifest.json", std::ios::binary);
        if (!in) continue;
        std::string const text{std::istreambuf_iterator<char>(in), {}};
        auto bundle = parse_manifest(text, entry.path());
        if (!bundle) {
            problems.push_back(bundle.error().message);
            continue;
        }
        auto name = bundle->runtime;
        bundles.bundles_[std::move(name)] =
            std::make_shared<RuntimeBundle const>(std::move(*bundle));
    }
    return bundles;
}

std::shared_ptr<RuntimeBundle const> RuntimeBundles::find(std::string const& runtime) const {
    auto const found = bundles_.find(runtime);
    return found == bundles_.end() ? nullptr : found->second;
}

std::vector<std::string> RuntimeBundles::names() const {
    std::vector<std::string> names;
    for (auto const& [name, bundle] : bundles_) names.push_back(name);
    return names;
}

}  // namespace meridian::invoke
