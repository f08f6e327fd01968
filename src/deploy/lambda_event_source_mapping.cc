// AWS::Lambda::EventSourceMapping. Its defaults depend on the source, so what a template does not
// say is not compared; a property that it says no more goes back to what an update can say.

#include <array>

#include "deploy/resource_type.h"
#include "deploy/tag_list.h"
#include "wire/uri.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::string_view kPath = "/2015-03-31/event-source-mappings/";
constexpr std::size_t kUuidChars = 36;
constexpr int kPollsMax = 100;
constexpr std::chrono::milliseconds kPollPause{100};

constexpr std::array kEventSourceMappingProperties = {
    Property{"FunctionName", Form::kText, "", false, true},
    Property{"EventSourceArn", Form::kText, "", true},
    Property{"Enabled", Form::kBoolean, "true"},
    Property{"BatchSize", Form::kInteger},
    Property{"BisectBatchOnFunctionError", Form::kBoolean},
    Property{"DestinationConfig", Form::kObject},
    Property{"FilterCriteria", Form::kObject},
    Property{"FunctionResponseTypes", Form::kList},
    Property{"KmsKeyArn", Form::kText},
    Property{"MaximumBatchingWindowInSeconds", Form::kInteger},
    Property{"MaximumRecordAgeInSeconds", Form::kInteger},
    Property{"MaximumRetryAttempts", Form::kInteger},
    Property{"ParallelizationFactor", Form::kInteger},
    Property{"TumblingWindowInSeconds", Form::kInteger},
    Property{"ScalingConfig", Form::kObject},
    Property{"MetricsConfig", Form::kObject},
    Property{"LoggingConfig", Form::kObject},
    Property{"ProvisionedPollerConfig", Form::kObject},
    Property{"SourceAccessConfigurations", Form::kList},
    Property{"DocumentDBEventSourceConfig", Form::kObject},
    Property{"StartingPosition", Form::kText, "", true},
    Property{"StartingPositionTimestamp", Form::kAny, "", true},
    Property{"Queues", Form::kList, "", true},
    Property{"Topics", Form::kList, "", true},
    Property{"SelfManagedEventSource", Form::kObject, "", true},
    Property{"AmazonManagedKafkaEventSourceConfig", Form::kObject, "", true},
    Property{"SelfManagedKafkaEventSourceConfig", Form::kObject, "", true},
    Property{"Tags", Form::kList},
};

// What an update says for a property that has none any more.
json reset_of(std::string_view property, std::string_view source) {
    if (property == "BatchSize") return source.contains(":sqs:") ? 10 : 100;
    if (property == "MaximumRetryAttempts" || property == "MaximumRecordAgeInSeconds") return -1;
    if (property == "ParallelizationFactor") return 1;
    auto const* const known = find_property(kEventSourceMappingProperties, property);
    if (known == nullptr) return nullptr;
    switch (known->form) {
        case Form::kInteger:
            return 0;
        case Form::kBoolean:
            return false;
        case Form::kList:
            return json::array();
        case Form::kObject:
            return json::object();
        default:
            return "";
    }
}

class LambdaEventSourceMapping final : public ResourceType {
  public:
    [[nodiscard]] std::string_view name() const noexcept override {
        return "AWS::Lambda::EventSourceMapping";
    }
    [[nodiscard]] PropertyTable properties() const noexcept override {
        return kEventSourceMappingProperties;
    }
    [[nodiscard]] bool has_service_defaults() const noexcept override { return true; }

    [[nodiscard]] Result<json> normalise(json const& given) const override {
        MERIDIAN_TRY(auto out, canonical(kEventSourceMappingProperties, given));
        out["FunctionName"] = short_function_name(out["FunctionName"]);
        if (out.contains("Tags")) out["Tags"] = sorted_tags(out["Tags"]);
        return out;
    }

    io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const override {
        // Before it exists it has no UUID.
        if (wish.physical_id.size() != kUuidChars) co_return std::nullopt;
        MERIDIAN_CO_TRY(auto const found,
                        co_await bench.calls.find("GetEventSourceMapping",
                                                  std::string(kPath) + wish.physical_id));
        if (!found) co_return std::nullopt;
        co_return standing_of(*found, wish);
    }

    io::Task<Standing> create(Workbench& bench, Wish wish) const override {
        MERIDIAN_CO_TRY(auto const existing, co_await find_equal(bench, wish));
        if (!existing.empty()) {
            wish.physical_id = existing;
        } else {
            auto body = wish.properties;
            rename_key_member(body);
            if (body.contains("Tags")) body["Tags"] = tags_as_map(body["Tags"]);
            MERIDIAN_CO_TRY(
                auto const made,
                co_await bench.calls.lambda("CreateEventSourceMapping", "POST",
                                            "/2015-03-31/event-source-mappings", std::move(body)));
            wish.physical_id = made.value("UUID", "");
        }
        MERIDIAN_CO_CHECK(co_await settle(bench, wish.physical_id));
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<Standing> update(Workbench& bench, Wish wish, Standing standing) const override {
        auto const source = wish.properties.value("EventSourceArn", "");
        json body = json::object();
        for (auto const& property : kEventSourceMappingProperties) {
            std::string const name(property.name);
            if (property.replaces || name == "Tags") continue;
            auto const wished = wish.properties.value(name, json());
            auto const now = standing.properties.value(name, json());
            bool const given_up = wished.is_null() && wish.before.is_object() &&
                                  wish.before.contains(name) && !now.is_null();
            if (given_up) {
                body[name] = reset_of(name, source);
            } else if (!wished.is_null() && wished != now) {
                body[name] = wished;
            }
        }
        rename_key_member(body);
        if (!body.empty()) {
            MERIDIAN_CO_CHECK(co_await bench.calls.lambda("UpdateEventSourceMapping", "PUT",
                                                          std::string(kPath) + wish.physical_id,
                                                          std::move(body)));
            MERIDIAN_CO_CHECK(co_await settle(bench, wish.physical_id));
        }
        auto const tags = wish.properties.value("Tags", json());
        if (!tags.is_null() && tags != standing.properties.value("Tags", json())) {
            json tag_body = {{"Tags", tags_as_map(tags)}};
            auto const arn = standing.attributes.attributes.at("EventSourceMappingArn");
            MERIDIAN_CO_CHECK(co_await bench.calls.lambda(
                "TagResource", "POST",
                "/2017-03-31/tags/" + wire::percent_encoded(arn.get<std::string>()),
                std::move(tag_body)));
        }
        co_return co_await read_again(*this, bench, std::move(wish));
    }

    io::Task<> remove(Workbench& bench, Wish gone) const override {
        co_return co_await bench.calls.remove("DeleteEventSourceMapping",
                                              std::string(kPath) + gone.physical_id);
    }

  private:
    static void rename_key_member(json& body) {
        if (!body.contains("KmsKeyArn")) return;
        body["KMSKeyArn"] = body["KmsKeyArn"];
        body.erase("KmsKeyArn");
    }

    Result<std::optional<Standing>> standing_of(json const& found, Wish const& wish) const {
        json given = json::object();
        for (auto const& property : kEventSourceMappingProperties) {
            std::string const name(property.name);
            if (found.contains(name)) given[name] = found[name];
        }
        if (found.contains("KMSKeyArn")) given["KmsKeyArn"] = found["KMSKeyArn"];
        given["FunctionName"] = found.value("FunctionArn", "");
        auto const state = found.value("State", "Enabled");
        given["Enabled"] =
            state == "Enabled" || state == "Enabling" || state == "Creating" || state == "Updating";
        // GetEventSourceMapping does not tell them.
        if (wish.before.is_object() && wish.before.contains("Tags"))
            given["Tags"] = wish.before["Tags"];
        MERIDIAN_TRY(auto properties, normalise(given));
        auto const id = found.value("UUID", "");
        Standing out{.physical_id = id, .properties = std::move(properties), .attributes = {}};
        out.attributes.ref = id;
        out.attributes.attributes["Id"] = id;
        out.attributes.attributes["EventSourceMappingArn"] =
            found.value("EventSourceMappingArn", "");
        return std::optional(std::move(out));
    }

    // One source is mapped to one function once: what is there already is what this step made
    // before it was cut short. Empty: none.
    static io::Task<std::string> find_equal(Workbench& bench, Wish wish) {
        auto const source = wish.properties.value("EventSourceArn", "");
        if (source.empty()) co_return std::string();
        auto const target = "/2015-03-31/event-source-mappings?FunctionName=" +
                            wire::percent_encoded(wish.properties.value("FunctionName", "")) +
                            "&EventSourceArn=" + wire::percent_encoded(source);
        MERIDIAN_CO_TRY(auto const found,
                        co_await bench.calls.find("ListEventSourceMappings", target));
        if (!found) co_return std::string();
        for (auto const& mapping : found->value("EventSourceMappings", json::array())) {
            auto const reference = mapping.value("FunctionArn", json(""));
            if (short_function_name(reference) == wish.properties["FunctionName"] &&
                mapping.value("State", "") != "Deleting")
                co_return mapping.value("UUID", "");
        }
        co_return std::string();
    }

    static io::Task<> settle(Workbench& bench, std::string id) {
        for (int poll = 0; poll < kPollsMax; ++poll) {
            MERIDIAN_CO_TRY(auto const found, co_await bench.calls.find("GetEventSourceMapping",
                                                                        std::string(kPath) + id));
            auto const state = found ? found->value("State", "Enabled") : std::string("Enabled");
            if (state == "Enabled" || state == "Disabled") co_return Result<void>{};
            MERIDIAN_CO_CHECK(co_await bench.calls.pause(kPollPause));
        }
        co_return fail(Errc::kDeadlineExceeded,
                       "The event source mapping " + id + " is still being changed.");
    }
};

}  // namespace

ResourceType const& lambda_event_source_mapping_type() noexcept {
    static LambdaEventSourceMapping const kType;
    return kType;
}

}  // namespace meridian::deploy
