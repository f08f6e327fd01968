// Any bytes as a git request's target: what is taken apart fits together again, and a name that may
// be a folder's stays inside its parent.

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "repositories/git_request.h"
#include "repositories/repository_name.h"

using namespace meridian;
using namespace meridian::repositories;

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
    HttpRequest request;
    request.target.assign(reinterpret_cast<char const*>(data), size);
    for (auto const* method : {"GET", "POST"}) {
        request.method = method;
        auto const asked = parse_git_request(request);
        if (!asked) continue;
        if (std::string(asked->remote) + std::string(asked->action) != request.path()) std::abort();
        if (!is_repository_name(asked->name)) continue;
        auto const folder = std::filesystem::path("/a/b") / (std::string(asked->name) + ".git");
        if (folder.lexically_normal().parent_path() != "/a/b") std::abort();
    }
    (void)is_branch_name(request.target);
    return 0;
}
