#pragma once
// Function URL configs: at most one for the function and one for each alias. Held by ControlPlane;
// threads: its region's executor. Source: Developer Guide, "Function URLs"; texts as recorded.

#include <string>
#include <vector>

#include "control/aliases.h"
#include "control/function_directory.h"
#include "control/kept_settings.h"
#include "control/published_urls.h"
#include "control/requests.h"

namespace meridian::control {

// A config; its settings hold AuthType, InvokeMode (if given), Cors (if given) and UrlId.
struct FunctionUrl {
    model::Qualifier qualifier = {};  // an alias; empty: the function itself
    KeptSettings config = {};
};

struct FunctionUrlPage {
    std::vector<FunctionUrl> urls = {};
    std::string next_marker = {};
};

class FunctionUrls {
  public:
    FunctionUrls(ResourceParts const& parts, Aliases const& aliases)
        : parts_(parts), aliases_(aliases), table_(parts.store) {}

    // Reads every URL of the store, for published().
    io::Task<> load();
    // The function's records were replaced in the store.
    io::Task<> read_again(model::AccountId account, model::FunctionName function);
    // The function is gone.
    void forget(model::AccountId const& account, model::FunctionName const& function) {
        published_.remove_all(account, function);
    }
    [[nodiscard]] PublishedUrls const& published() const noexcept { return published_; }

    // `settings` are the request's AuthType, InvokeMode and Cors, checked by the API model.
    io::Task<FunctionUrl> create(Requester who, FunctionAndQualifier what, nlohmann::json settings);
    io::Task<FunctionUrl> get(Requester who, FunctionAndQualifier what);
    io::Task<FunctionUrl> update(Requester who, FunctionAndQualifier what, nlohmann::json settings);
    io::Task<> remove(Requester who, FunctionAndQualifier what);
    io::Task<FunctionUrlPage> list(Requester who, model::FunctionName function, std::string marker,
                                   std::size_t max_items);

  private:
    using Table = RecordTable<KeptSettingsCodec<store::Kind::kFunctionUrl>>;

    // The function, where it and the alias exist.
    io::Task<StoredFunction> find_function(Requester who, FunctionAndQualifier what);
    io::Task<Stored<KeptSettings>> load_config(Requester who, FunctionAndQualifier what);
    io::Task<FunctionUrl> try_create(Requester who, FunctionAndQualifier what,
                                     nlohmann::json settings);
    io::Task<FunctionUrl> try_update(Requester who, FunctionAndQualifier what,
                                     nlohmann::json settings);
    io::Task<> try_remove(Requester who, FunctionAndQualifier what);

    ResourceParts const parts_;
    Aliases const& aliases_;
    Table table_;
    PublishedUrls published_;
};

}  // namespace meridian::control
