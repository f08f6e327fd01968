#include "control/published_urls.h"

#include "control/sub_records.h"

namespace meridian::control {

void PublishedUrls::publish(model::AccountId const& account, std::string const& id,
                            nlohmann::json settings, store::Sequence sequence) {
    auto& slot = records_[{account.value(), id}];
    if (sequence < slot.sequence) return;
    urls_.erase(slot.url_id);
    slot = {settings.value("UrlId", ""), sequence};
    urls_[slot.url_id] = {account, function_of_sub_id(id), qualifier_of_sub_id(id),
                          std::move(settings)};
}

void PublishedUrls::remove(model::AccountId const& account, std::string const& id,
                           store::Sequence sequence) {
    auto& slot = records_[{account.value(), id}];
    if (sequence < slot.sequence) return;
    urls_.erase(slot.url_id);
    slot = {{}, sequence};
}

void PublishedUrls::remove_all(model::AccountId const& account,
                               model::FunctionName const& function) {
    auto const prefix = sub_id_prefix(function);
    auto slot = records_.lower_bound({account.value(), prefix});
    while (slot != records_.end() && slot->first.first == account.value() &&
           slot->first.second.starts_with(prefix)) {
        urls_.erase(slot->second.url_id);
        slot = records_.erase(slot);
    }
}

PublishedUrl const* PublishedUrls::find(std::string_view url_id) const {
    auto const found = urls_.find(url_id);
    return found == urls_.end() ? nullptr : &found->second;
}

}  // namespace meridian::control
