#include "base/counted.h"

namespace meridian {

std::string counted(std::uint64_t count, std::string_view noun) {
    auto text = std::to_string(count) + " ";
    text += noun;
    if (count == 1) return text;
    bool const consonant_y =
        noun.size() >= 2 && noun.back() == 'y' &&
        std::string_view("aeiou").find(noun[noun.size() - 2]) == std::string_view::npos;
    if (!consonant_y) return text + "s";
    text.back() = 'i';
    return text + "es";
}

}  // namespace meridian
