#include "policy/request_context.h"

#include "base/ascii.h"

namespace meridian::policy {

void RequestContext::add_made(std::string_view key, std::string value) {
    std::string_view const kept_key = made_.emplace_back(lowered(key));
    std::string_view const kept_value = made_.emplace_back(std::move(value));
    add(kept_key, kept_value);
}

std::optional<std::string_view> RequestContext::only_value(std::string_view key) const {
    std::optional<std::string_view> found;
    std::size_t count = 0;
    for_each(key, [&](std::string_view value) {
        found = value;
        ++count;
    });
    return count == 1 ? found : std::nullopt;
}

}  // namespace meridian::policy
