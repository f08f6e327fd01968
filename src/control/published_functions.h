#pragma once
// What the data plane may run: one immutable value per function version, swapped when the control
// plane changes it. It is loaded from the store at start and then needs no store: invocations go on
// while the store is slow or gone.
//
// Threads: belongs to its region's executor. The values it hands out may be kept and used anywhere.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/runnable.h"
#include "store/store.h"

namespace meridian::control {

// Told of each change after it is visible in PublishedFunctions. bin/ connects it to the data
// plane. Threads: called on the region's executor; must not call back into the control plane.
class FunctionObserver {
  public:
    virtual ~FunctionObserver() = default;
    // This version is run as `now` says from here on: environments of an earlier value of it finish
    // what they run and end.
    virtual void on_version_changed(model::RunnableVersionPtr const& now) = 0;
    virtual void on_version_gone(model::AccountId const& account, model::FunctionName const& name,
                                 model::Version const& version) = 0;
    // The function with all its versions.
    virtual void on_function_deleted(model::AccountId const& account,
                                     model::FunctionName const& name) = 0;
};

struct AccountUsage {
    std::uint64_t functions = 0;
    std::uint64_t code_bytes = 0;  // of every version; packages that versions share count for each
};

class PublishedFunctions {
  public:
    // How many deleted functions are remembered so that a late, older value cannot bring one back.
    static constexpr std::size_t kDeletedRememberedMax = 4'096;

    explicit PublishedFunctions(FunctionObserver& observer) : observer_(observer) {}
    PublishedFunctions(PublishedFunctions const&) = delete;
    PublishedFunctions& operator=(PublishedFunctions const&) = delete;

    // The version, "$LATEST" or a number; null if there is none. No allocation.
    [[nodiscard]] model::RunnableVersionPtr find(std::string_view account, std::string_view name,
                                                 std::string_view version) const;
    // Whether the function exists at all, whatever its versions.
    [[nodiscard]] bool contains(std::string_view account, std::string_view name) const;
    // The published versions that are live, in order; $LATEST is not among them.
    [[nodiscard]] std::vector<std::uint64_t> version_numbers(std::string_view account,
                                                             std::string_view name) const;
    [[nodiscard]] AccountUsage usage(std::string_view account) const;
    [[nodiscard]] std::size_t function_count() const noexcept { return live_functions_; }

    // One version as its record at `sequence` says. Values may come late and in any order: one with
    // a lower sequence than is known, or unsettled where that sequence is known to have settled,
    // changes nothing. `serving` is what to run; null keeps what runs now, or else `definition` as
    // Pending.
    struct Update {
        model::RunnableVersionPtr definition;
        model::RunnableVersionPtr serving;
        store::Sequence sequence = 0;
        bool settled = false;
    };
    void publish(Update const& update);
    void remove_version(model::AccountId const& account, model::FunctionName const& name,
                        model::Version const& version, store::Sequence sequence);
    void remove_function(model::AccountId const& account, model::FunctionName const& name,
                         store::Sequence sequence);

  private:
    struct Slot {
        store::Sequence sequence = 0;
        bool settled = false;
        std::uint64_t code_bytes = 0;        // of the definition
        model::RunnableVersionPtr runnable;  // null: the version is gone
    };
    struct Entry {
        store::Sequence deleted_at = 0;  // values up to here are of a function that is gone
        bool live = false;
        std::map<std::uint64_t, Slot> versions;  // 0 is $LATEST
    };
    struct NameView {
        std::string_view account, name;
        bool operator==(NameView const&) const = default;
    };
    struct Name {
        std::string account, name;
        [[nodiscard]] NameView view() const { return {account, name}; }
    };
    struct NameHash {
        using is_transparent = void;
        std::size_t operator()(NameView const& name) const noexcept;
        std::size_t operator()(Name const& name) const noexcept { return (*this)(name.view()); }
    };
    struct NameEqual {
        using is_transparent = void;
        bool operator()(Name const& a, Name const& b) const { return a.view() == b.view(); }
        bool operator()(NameView const& a, Name const& b) const { return a == b.view(); }
        bool operator()(Name const& a, NameView const& b) const { return a.view() == b; }
    };

    void forget_code(std::string const& account, Slot& slot);

    FunctionObserver& observer_;
    std::unordered_map<Name, Entry, NameHash, NameEqual> functions_;
    std::map<std::string, AccountUsage, std::less<>> usage_;
    std::deque<Name> deleted_;  // oldest first
    std::size_t live_functions_ = 0;
};

}  // namespace meridian::control
