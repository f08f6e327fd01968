#include "store/record_format.h"

#include <fmt/format.h>

namespace meridian::store {

std::unexpected<Error> corrupt(Key const& key, std::string_view what) {
    return fail(Errc::kCorrupt,
                fmt::format("The store's record {}/{}/{} cannot be read: {}", key.account.value(),
                            static_cast<int>(key.kind), key.id, what));
}

Result<void> check_format(Key const& key, nlohmann::json const& value, int newest) {
    if (!value.is_object() || !value.contains("format") || !value["format"].is_number_integer()) {
        return corrupt(key, "it has no format number.");
    }
    auto const format = value["format"].get<std::int64_t>();
    if (format > newest) {
        return corrupt(
            key, fmt::format(
                     "it was written in format {} by a newer version of Meridian; this one reads "
                     "formats up to {}. Start the newer version again.",
                     format, newest));
    }
    if (format < 1) return corrupt(key, fmt::format("format {} never existed.", format));
    return {};
}

}  // namespace meridian::store
