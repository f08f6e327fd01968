#include "control/published_aliases.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace meridian::control {

namespace {

// Even in [0, 1), with as many bits as a double holds.
double draw(Random& random) {
    std::array<std::byte, sizeof(std::uint64_t)> bytes{};
    random.fill(bytes);
    std::uint64_t bits = 0;
    std::memcpy(&bits, bytes.data(), sizeof bits);
    return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace

std::uint64_t choose_version(model::Alias const& alias, Random& random) {
    if (!alias.additional) return alias.version;
    return draw(random) < alias.additional->weight ? alias.additional->version : alias.version;
}

void PublishedAliases::set(model::AccountId const& account, model::FunctionName const& function,
                           Slot slot) {
    auto& known = functions_[account.value()][function.value()][slot.alias.name];
    if (slot.sequence >= known.sequence) known = std::move(slot);
}

void PublishedAliases::publish(model::AccountId const& account, model::FunctionName const& function,
                               model::Alias alias, store::Sequence sequence) {
    set(account, function, {std::move(alias), sequence, true});
}

void PublishedAliases::remove(model::AccountId const& account, model::FunctionName const& function,
                              std::string const& alias, store::Sequence sequence) {
    set(account, function, {{.name = alias}, sequence, false});
}

void PublishedAliases::remove_all(model::AccountId const& account,
                                  model::FunctionName const& function) {
    auto const functions = functions_.find(account.value());
    if (functions != functions_.end()) functions->second.erase(function.value());
}

PublishedAliases::Aliases const* PublishedAliases::of(std::string_view account,
                                                      std::string_view function) const {
    auto const functions = functions_.find(account);
    if (functions == functions_.end()) return nullptr;
    auto const aliases = functions->second.find(function);
    return aliases == functions->second.end() ? nullptr : &aliases->second;
}

model::Alias const* PublishedAliases::find(std::string_view account, std::string_view function,
                                           std::string_view alias) const {
    auto const* const aliases = of(account, function);
    if (aliases == nullptr) return nullptr;
    auto const found = aliases->find(alias);
    return found == aliases->end() || !found->second.live ? nullptr : &found->second.alias;
}

bool PublishedAliases::is_used(model::AccountId const& account, model::FunctionName const& function,
                               std::uint64_t version) const {
    auto const* const aliases = of(account.value(), function.value());
    return aliases != nullptr && std::ranges::any_of(*aliases, [&](auto const& entry) {
               auto const& alias = entry.second.alias;
               return entry.second.live &&
                      (alias.version == version ||
                       (alias.additional && alias.additional->version == version));
           });
}

}  // namespace meridian::control
