#include "transfer/package_source.h"

#include <fmt/format.h>

#include "crypto/sha256.h"
#include "transfer/layer_reader.h"
#include "transfer/told.h"

namespace meridian::transfer {

using nlohmann::json;

namespace {

std::string text_at(json const& body, char const* outer, char const* inner) {
    auto const pointer = json::json_pointer(fmt::format("/{}/{}", outer, inner));
    if (!body.is_object() || !body.contains(pointer) || !body[pointer].is_string()) return {};
    return body[pointer].get<std::string>();
}

std::string shown(CodeRef const& what) {
    return what.qualifier.empty() ? what.arn : fmt::format("{}:{}", what.arn, what.qualifier);
}

}  // namespace

Result<void> check_package(CodeRef const& what, std::string const& bytes) {
    auto const sha256 = crypto::sha256_base64(bytes);
    if (sha256 == what.sha256) return {};
    return fail(Errc::kCorrupt, fmt::format("The package of {} has the hash {} instead of {}.",
                                            shown(what), sha256, what.sha256));
}

io::Task<std::string> EndpointPackages::fetch(std::size_t lane, CodeRef what) {
    auto& api = *lanes_[lane % lanes_.size()];
    bool const layer = what.qualifier.empty();
    auto const target =
        layer ? layer_version_target(what.arn, account_)
              : function_path("2015-03-31", last_part(what.arn), qualifier_query(what.qualifier));
    MERIDIAN_CO_TRY(auto const answer, co_await ask(api, target));
    if (!answer.present()) {
        co_return fail(Errc::kIo, fmt::format("The package of {}: {}", shown(what),
                                              answer.untold() ? answer.reason : "not there"));
    }
    auto const link = text_at(answer.body, layer ? "Content" : "Code", "Location");
    if (link.empty())
        co_return fail(Errc::kIo, fmt::format("The package of {}: there is no link.", shown(what)));
    MERIDIAN_CO_TRY(auto bytes, co_await api.download(link));
    MERIDIAN_CO_CHECK(check_package(what, bytes));
    co_return bytes;
}

}  // namespace meridian::transfer
