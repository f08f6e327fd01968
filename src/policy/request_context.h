#pragma once
// What is known about a request beyond who, what and whereon: the condition keys with their values.
// Built per request and thrown away with it. Source: IAM User Guide, "AWS global condition context
// keys". One thread.

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meridian::policy {

class RequestContext {
  public:
    RequestContext() = default;
    // Views into what it keeps: moved, never copied.
    RequestContext(RequestContext const&) = delete;
    RequestContext& operator=(RequestContext const&) = delete;
    RequestContext(RequestContext&&) noexcept = default;
    RequestContext& operator=(RequestContext&&) noexcept = default;

    // Adds a value. `key` is in lower case; both must outlive this. A key that is added again has
    // several values (aws:TagKeys).
    void add(std::string_view key, std::string_view value) { entries_.push_back({key, value}); }
    // The same for a key or value that is made for this request; any case.
    void add_made(std::string_view key, std::string value);

    // Calls visit(value) for every value of a key in lower case.
    template <typename Visit>
    void for_each(std::string_view key, Visit&& visit) const {
        for (auto const& entry : entries_) {
            if (entry.key == key) visit(entry.value);
        }
    }
    // The value of a key that has exactly one.
    [[nodiscard]] std::optional<std::string_view> only_value(std::string_view key) const;

  private:
    struct Entry {
        std::string_view key;
        std::string_view value;
    };
    std::vector<Entry> entries_;
    std::list<std::string> made_;
};

}  // namespace meridian::policy
