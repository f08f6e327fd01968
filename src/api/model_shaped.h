#pragma once
// Requests that look as the API model says, made of any bytes: for fuzzing and for seeded tests.
// Members come from small pools, so that requests meet the same functions, users and policies;
// some break a constraint or have a wrong type.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <nlohmann/json.hpp>

#include "base/http_message.h"
#include "wire/api_model.h"

namespace meridian::api {

// Bytes as a series of choices; after their end every choice is the first.
class Choices {
  public:
    explicit Choices(std::span<std::uint8_t const> bytes) : bytes_(bytes) {}

    [[nodiscard]] bool done() const noexcept { return bytes_.empty(); }
    // Less than `options`, which is at least 1.
    [[nodiscard]] std::size_t below(std::size_t options);
    [[nodiscard]] bool one_in(std::size_t n) { return below(n) == n - 1; }

  private:
    std::span<std::uint8_t const> bytes_;
};

// An input of that operation, with the model's member names.
[[nodiscard]] nlohmann::json model_shaped_input(wire::Operation const& operation, Choices& choices);
// The same as a client sends it.
[[nodiscard]] HttpRequest request_of(wire::Operation const& operation, nlohmann::json const& input);

}  // namespace meridian::api
