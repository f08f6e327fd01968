#include "wire/shown_json.h"

#include "wire/utf8.h"

namespace meridian::wire {

std::string shown_json(nlohmann::json const& value, std::size_t bytes_max) {
    auto text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (text.size() <= bytes_max) return text;
    text.resize(utf8_prefix(text, bytes_max).size());
    return text + "…";
}

}  // namespace meridian::wire
