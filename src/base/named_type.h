#pragma once
// Ids that cannot be mixed up: NamedType<std::string, struct FunctionNameTag> is a string that no
// other string type converts to.

#include <compare>
#include <functional>
#include <utility>

#include <fmt/format.h>

namespace meridian {

template <typename T, typename Tag>
class NamedType {
  public:
    using Underlying = T;

    NamedType() = default;
    explicit NamedType(T value) : value_(std::move(value)) {}

    [[nodiscard]] T const& value() const noexcept { return value_; }

    friend auto operator<=>(NamedType const&, NamedType const&) = default;

  private:
    T value_{};
};

}  // namespace meridian

template <typename T, typename Tag>
struct std::hash<meridian::NamedType<T, Tag>> {
    std::size_t operator()(meridian::NamedType<T, Tag> const& id) const noexcept {
        return std::hash<T>{}(id.value());
    }
};

template <typename T, typename Tag>
struct fmt::formatter<meridian::NamedType<T, Tag>> : fmt::formatter<T> {
    template <typename Context>
    auto format(meridian::NamedType<T, Tag> const& id, Context& context) const {
        return fmt::formatter<T>::format(id.value(), context);
    }
};
