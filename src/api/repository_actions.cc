#include "api/repository_actions.h"

#include <optional>

#include <fmt/format.h>

#include "api/meridian_json.h"
#include "base/encoding.h"
#include "repositories/repository_name.h"
#include "wire/uri.h"

namespace meridian::api {
namespace {

using nlohmann::json;
namespace git = repositories;

constexpr std::string_view kPackageSuffix = "/package";
constexpr std::string_view kFileSuffix = "/file";
// What is read of a file; ours: the largest event is 6 MB.
constexpr std::size_t kFileBytesMax = 8UL * 1024 * 1024;
constexpr std::size_t kPathCharsMax = 1'000;

std::unexpected<Error> bad_repository(std::string text) {
    return fail(Errc::kInvalidParameterValue, std::move(text));
}

std::string clone_url(RepositoryCall const& call, std::string_view name) {
    return fmt::format("{}/git/{}/{}", call.endpoint, call.caller.region, name);
}

io::Task<HttpResponse> list_repositories(RepositoryCall const& call, std::string) {
    MERIDIAN_CO_TRY(auto const names, co_await call.repositories.list(call.caller.account));
    json out = json::array();
    for (auto const& name : names)
        out.push_back({{"Name", name}, {"CloneUrl", clone_url(call, name)}});
    co_return json_answer({{"Repositories", std::move(out)}});
}

io::Task<HttpResponse> show_repository(RepositoryCall const& call, std::string name) {
    MERIDIAN_CO_TRY(auto const info, co_await call.repositories.get({call.caller.account, name}));
    co_return json_answer({{"Name", name},
                           {"CloneUrl", clone_url(call, name)},
                           {"DefaultBranch", info.default_branch},
                           {"DenyForcePush", info.deny_force_push},
                           {"Branches", info.branches}});
}

io::Task<HttpResponse> create_repository(RepositoryCall const& call, std::string name) {
    MERIDIAN_CO_TRY(auto const input,
                    read_members(call.request, {{"Name", json::value_t::string},
                                                {"DenyForcePush", json::value_t::boolean}}));
    MERIDIAN_CO_CHECK(co_await call.repositories.create(
        {.name = {call.caller.account, name},
         .deny_force_push = input.value("DenyForcePush", false)}));
    co_return co_await show_repository(call, std::move(name));
}

io::Task<HttpResponse> delete_repository(RepositoryCall const& call, std::string name) {
    MERIDIAN_CO_CHECK(co_await call.repositories.remove({call.caller.account, name}));
    co_return json_answer({{"Name", name}});
}

struct FileQuery {
    std::string commit;
    std::string path;
};

Result<FileQuery> read_query(HttpRequest const& request, std::string_view path_name) {
    FileQuery out;
    for (auto const& [key, value] : wire::split_query(request.query())) {
        if (key == "commit") out.commit = wire::percent_decoded_text(value);
        if (key == path_name) out.path = wire::percent_decoded_text(value);
    }
    if (!git::is_commit_id(out.commit)) return bad_repository("commit is 40 hexadecimal digits.");
    if (out.path.empty() || out.path.size() > kPathCharsMax || out.path.contains('\n') ||
        out.path.contains('\0'))
        return bad_repository(fmt::format("{} is a path from the repository's root.", path_name));
    return out;
}

// As Lambda's API has packages.
HttpResponse bytes_answer(std::string_view bytes) {
    return json_answer({{"Bytes", to_base64(bytes)}});
}

io::Task<HttpResponse> read_package(RepositoryCall const& call, std::string name) {
    MERIDIAN_CO_TRY(auto asked, read_query(call.request, "folder"));
    MERIDIAN_CO_TRY(auto const bytes, co_await call.repositories.package(
                                          {call.caller.account, std::move(name)},
                                          std::move(asked.commit), std::move(asked.path)));
    co_return bytes_answer(bytes);
}

io::Task<HttpResponse> read_file(RepositoryCall const& call, std::string name) {
    MERIDIAN_CO_TRY(auto asked, read_query(call.request, "path"));
    MERIDIAN_CO_TRY(auto const bytes,
                    co_await call.repositories.file({call.caller.account, std::move(name)},
                                                    std::move(asked.commit), std::move(asked.path),
                                                    kFileBytesMax));
    co_return bytes_answer(bytes);
}

struct RepositoryRoute {
    std::string_view action;
    io::Task<HttpResponse> (*run)(RepositoryCall const& call, std::string name);
    std::string name;  // empty: of all
};

Result<RepositoryRoute> repository_route(HttpRequest const& request) {
    auto path = std::string_view(request.path());
    path.remove_prefix(kRepositoriesPath.size());
    auto const& method = request.method;
    if (path.empty() && method == "GET")
        return RepositoryRoute{"codecommit:ListRepositories", list_repositories, ""};
    if (path.empty() && method == "POST") {
        // Looked at again when it is carried out.
        auto const body = json::parse(request.body, nullptr, false);
        auto const name = body.is_object() && body.contains("Name") && body["Name"].is_string()
                              ? body["Name"].get<std::string>()
                              : "";
        if (!git::is_repository_name(name)) {
            return bad_repository(
                "Name is 1 to 100 letters, digits, '.', '_' and '-'; it begins with none of the "
                "signs but '_', has no \"..\", does not end with .git, and is not \"vault\".");
        }
        return RepositoryRoute{"codecommit:CreateRepository", create_repository, name};
    }
    auto const unknown = fail(Errc::kUnknownOperation, "There is no such operation.");
    if (!path.starts_with('/')) return unknown;
    path.remove_prefix(1);
    bool const package_wanted = path.ends_with(kPackageSuffix);
    bool const file_wanted = path.ends_with(kFileSuffix);
    if (package_wanted) path.remove_suffix(kPackageSuffix.size());
    if (file_wanted) path.remove_suffix(kFileSuffix.size());
    auto name = wire::percent_decoded_text(path);
    if (!git::is_repository_name(name))
        return fail(Errc::kResourceNotFound, "That is no repository's name.");
    if (package_wanted || file_wanted) {
        if (method != "GET") return unknown;
        return RepositoryRoute{"codecommit:GitPull", package_wanted ? read_package : read_file,
                               std::move(name)};
    }
    if (method == "GET")
        return RepositoryRoute{"codecommit:GetRepository", show_repository, std::move(name)};
    if (method == "DELETE")
        return RepositoryRoute{"codecommit:DeleteRepository", delete_repository, std::move(name)};
    return unknown;
}

}  // namespace

io::Task<HttpResponse> serve_repositories(Authorizer& authorizer, RepositoryCall call) {
    MERIDIAN_CO_TRY(auto route, repository_route(call.request));
    MERIDIAN_CO_CHECK(
        authorizer.authorize_repository(call.caller, route.action, route.name, call.origin));
    co_return co_await route.run(call, std::move(route.name));
}

}  // namespace meridian::api
