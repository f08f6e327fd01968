#pragma once
// Numbers of things in sentences for people: "1 change", "2 changes", "2 policies".

#include <cstdint>
#include <string>
#include <string_view>

namespace meridian {

// `noun` in the singular: English, with a regular plural.
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace meridian
