#include "control/alias_records.h"

#include "store/record_format.h"

namespace meridian::control {

namespace {
constexpr int kAliasFormat = 1;
}

nlohmann::json AliasCodec::to_json(model::Alias const& alias) {
    nlohmann::json value = {{"format", kAliasFormat},
                            {"name", alias.name},
                            {"version", alias.version},
                            {"description", alias.description},
                            {"revision", alias.revision.value()}};
    if (alias.additional) {
        value["additional"] = {{"version", alias.additional->version},
                               {"weight", alias.additional->weight}};
    }
    return value;
}

Result<model::Alias> AliasCodec::from_record(store::Key const& key, nlohmann::json const& value) {
    MERIDIAN_CHECK(store::check_format(key, value, kAliasFormat));
    return store::guarded(key, [&] {
        model::Alias alias{.name = value.at("name").get<std::string>(),
                           .version = value.at("version").get<std::uint64_t>(),
                           .description = value.at("description").get<std::string>(),
                           .additional = std::nullopt,
                           .revision = model::RevisionId(value.at("revision").get<std::string>())};
        if (auto const additional = value.find("additional"); additional != value.end()) {
            alias.additional = {additional->at("version").get<std::uint64_t>(),
                                additional->at("weight").get<double>()};
        }
        return alias;
    });
}

}  // namespace meridian::control
