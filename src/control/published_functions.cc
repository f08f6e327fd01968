#include "control/published_functions.h"

#include "base/assert.h"
#include "control/function_records.h"

namespace meridian::control {

namespace {

// Whether an environment made for `a` serves `b` as well: what it sees is the settings and the
// code.
bool runs_the_same(model::RunnableVersion const& a, model::RunnableVersion const& b) {
    return a.version.settings == b.version.settings && a.version.code == b.version.code &&
           a.status.state == b.status.state;
}

}  // namespace

std::size_t PublishedFunctions::NameHash::operator()(NameView const& name) const noexcept {
    std::size_t const a = std::hash<std::string_view>{}(name.account);
    std::size_t const b = std::hash<std::string_view>{}(name.name);
    return a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6) + (a >> 2));
}

model::RunnableVersionPtr PublishedFunctions::find(std::string_view account, std::string_view name,
                                                   std::string_view version) const {
    auto const number = version_number(version);
    if (!number) return nullptr;
    auto const entry = functions_.find(NameView{account, name});
    if (entry == functions_.end()) return nullptr;
    auto const slot = entry->second.versions.find(*number);
    return slot == entry->second.versions.end() ? nullptr : slot->second.runnable;
}

bool PublishedFunctions::contains(std::string_view account, std::string_view name) const {
    auto const entry = functions_.find(NameView{account, name});
    return entry != functions_.end() && entry->second.live;
}

std::vector<std::uint64_t> PublishedFunctions::version_numbers(std::string_view account,
                                                               std::string_view name) const {
    std::vector<std::uint64_t> numbers;
    auto const entry = functions_.find(NameView{account, name});
    if (entry == functions_.end()) return numbers;
    for (auto const& [number, slot] : entry->second.versions) {
        if (number != 0 && slot.runnable != nullptr) numbers.push_back(number);
    }
    return numbers;
}

AccountUsage PublishedFunctions::usage(std::string_view account) const {
    auto const usage = usage_.find(account);
    return usage == usage_.end() ? AccountUsage{} : usage->second;
}

void PublishedFunctions::forget_code(std::string const& account, Slot& slot) {
    usage_[account].code_bytes -= slot.code_bytes;
    slot.code_bytes = 0;
}

void PublishedFunctions::publish(Update const& update) {
    MERIDIAN_ASSERT(update.definition != nullptr);
    auto const& definition = *update.definition;
    auto const number = version_number(definition.version.version.value());
    MERIDIAN_ASSERT(number.has_value());
    auto& entry = functions_[Name{definition.account.value(), definition.name.value()}];
    if (update.sequence <= entry.deleted_at) return;
    auto& slot = entry.versions[*number];
    if (update.sequence < slot.sequence) return;
    if (update.sequence == slot.sequence && slot.settled && !update.settled) return;
    bool const gone = slot.sequence != 0 && slot.runnable == nullptr;
    if (gone && *number != 0) return;  // version numbers are never used again

    auto& usage = usage_[definition.account.value()];
    if (!entry.live) {
        entry.live = true;
        ++live_functions_;
        ++usage.functions;
    }
    usage.code_bytes += definition.version.code.size_bytes - slot.code_bytes;
    slot.code_bytes = definition.version.code.size_bytes;
    slot.sequence = update.sequence;
    slot.settled = update.settled;

    model::RunnableVersionPtr next = update.serving;
    if (next == nullptr && slot.runnable != nullptr) return;
    if (next == nullptr) {
        auto pending = std::make_shared<model::RunnableVersion>(definition);
        pending->status = pending_creation();
        next = std::move(pending);
    }
    if (slot.runnable != nullptr && runs_the_same(*slot.runnable, *next)) return;
    slot.runnable = std::move(next);
    // The observer gets a value of its own: it may not keep a reference into this map.
    auto const now = slot.runnable;
    observer_.on_version_changed(now);
}

void PublishedFunctions::remove_version(model::AccountId const& account,
                                        model::FunctionName const& name,
                                        model::Version const& version, store::Sequence sequence) {
    auto const entry = functions_.find(NameView{account.value(), name.value()});
    auto const number = version_number(version.value());
    if (entry == functions_.end() || !number) return;
    auto const slot = entry->second.versions.find(*number);
    if (slot == entry->second.versions.end() || slot->second.runnable == nullptr) return;
    if (sequence < slot->second.sequence) return;
    forget_code(account.value(), slot->second);
    slot->second.sequence = sequence;
    slot->second.settled = true;
    slot->second.runnable = nullptr;
    observer_.on_version_gone(account, name, version);
}

void PublishedFunctions::remove_function(model::AccountId const& account,
                                         model::FunctionName const& name,
                                         store::Sequence sequence) {
    auto& entry = functions_[Name{account.value(), name.value()}];
    if (sequence <= entry.deleted_at) return;
    auto const latest = entry.versions.find(0);
    if (latest != entry.versions.end() && latest->second.sequence > sequence)
        return;  // it was made anew since
    entry.deleted_at = sequence;
    for (auto& [number, slot] : entry.versions) forget_code(account.value(), slot);
    entry.versions.clear();
    bool const was_live = std::exchange(entry.live, false);
    if (was_live) {
        --live_functions_;
        --usage_[account.value()].functions;
    }
    deleted_.push_back({account.value(), name.value()});
    if (deleted_.size() > kDeletedRememberedMax) {
        auto const oldest = functions_.find(deleted_.front());
        if (oldest != functions_.end() && !oldest->second.live) functions_.erase(oldest);
        deleted_.pop_front();
    }
    if (was_live) observer_.on_function_deleted(account, name);
}

}  // namespace meridian::control
