#pragma once
// Which version an alias means, for the data plane: loaded at start, told of each change, asked
// without I/O. Threads: belongs to its region's executor.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/random.h"
#include "model/alias.h"
#include "store/store.h"

namespace meridian::control {

// The version that an invocation runs: the additional one as often as its weight says.
[[nodiscard]] std::uint64_t choose_version(model::Alias const& alias, Random& random);

class PublishedAliases {
  public:
    // Values may come late and in any order: an older one changes nothing.
    void publish(model::AccountId const& account, model::FunctionName const& function,
                 model::Alias alias, store::Sequence sequence);
    void remove(model::AccountId const& account, model::FunctionName const& function,
                std::string const& alias, store::Sequence sequence);
    void remove_all(model::AccountId const& account, model::FunctionName const& function);

    // Null if there is none; holds until the next change.
    [[nodiscard]] model::Alias const* find(std::string_view account, std::string_view function,
                                           std::string_view alias) const;
    // Whether an alias of the function runs this version.
    [[nodiscard]] bool is_used(model::AccountId const& account, model::FunctionName const& function,
                               std::uint64_t version) const;

  private:
    struct Slot {
        model::Alias alias;
        store::Sequence sequence = 0;
        bool live = false;
    };
    using Aliases = std::map<std::string, Slot, std::less<>>;
    // By account, then by function.
    std::map<std::string, std::map<std::string, Aliases, std::less<>>, std::less<>> functions_;

    [[nodiscard]] Aliases const* of(std::string_view account, std::string_view function) const;
    void set(model::AccountId const& account, model::FunctionName const& function, Slot slot);
};

}  // namespace meridian::control
