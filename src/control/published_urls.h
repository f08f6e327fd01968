#pragma once
// Which function a URL means, for whoever serves URLs: loaded at start, told of each change, asked
// without I/O. Threads: belongs to its region's executor.

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "control/kept_settings.h"
#include "model/names.h"

namespace meridian::control {

// A function URL and what it calls.
struct PublishedUrl {
    model::AccountId account = {};
    model::FunctionName function = {};
    model::Qualifier alias = {};   // empty: the function itself
    nlohmann::json settings = {};  // AuthType, InvokeMode, Cors, UrlId
};

class PublishedUrls {
  public:
    // `id` is the record's. Values may come late and in any order: an older one changes nothing.
    void publish(model::AccountId const& account, std::string const& id, nlohmann::json settings,
                 store::Sequence sequence);
    void remove(model::AccountId const& account, std::string const& id, store::Sequence sequence);
    // The function is gone.
    void remove_all(model::AccountId const& account, model::FunctionName const& function);

    // Null if there is none; holds until the next change.
    [[nodiscard]] PublishedUrl const* find(std::string_view url_id) const;

  private:
    using RecordId = std::pair<std::string, std::string>;  // account, record id
    struct Slot {
        std::string url_id;  // empty: gone
        store::Sequence sequence = 0;
    };

    std::map<RecordId, Slot> records_;
    std::map<std::string, PublishedUrl, std::less<>> urls_;
};

}  // namespace meridian::control
