#include "deploy/policy_text.h"

#include "wire/uri.h"

namespace meridian::deploy {

using nlohmann::json;

json policy_document(json const& given) {
    if (!given.is_string()) return given;
    auto const& text = given.get_ref<std::string const&>();
    auto document = json::parse(text.starts_with('%') ? wire::percent_decoded_text(text) : text,
                                nullptr, false);
    return document.is_discarded() ? given : document;
}

}  // namespace meridian::deploy
