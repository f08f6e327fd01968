// AWS::CloudWatch::Alarm: kept in the stack's record, and evaluated by rollouts (alarm_source.h).
// There is no service behind it: what was applied last is what stands.

#include <array>

#include <fmt/format.h>

#include "deploy/resource_type.h"

namespace meridian::deploy {
namespace {

using nlohmann::json;

constexpr std::array kAlarmProperties = {
    Property{"AlarmName", Form::kText, "", true},
    Property{"AlarmDescription", Form::kText, R"("")"},
    Property{"Namespace", Form::kText},
    Property{"MetricName", Form::kText},
    Property{"Dimensions", Form::kList, "[]"},
    Property{"Statistic", Form::kText},
    Property{"ExtendedStatistic", Form::kText},
    Property{"Metrics", Form::kList},
    Property{"Unit", Form::kText},
    Property{"ComparisonOperator", Form::kText, "", false, true},
    Property{"Threshold", Form::kAny},
    Property{"ThresholdMetricId", Form::kText},
    Property{"Period", Form::kInteger},
    Property{"EvaluationPeriods", Form::kInteger, "", false, true},
    Property{"DatapointsToAlarm", Form::kInteger},
    Property{"EvaluateLowSampleCountPercentile", Form::kText},
    Property{"TreatMissingData", Form::kText, R"("missing")"},
    Property{"ActionsEnabled", Form::kBoolean, "true"},
    Property{"AlarmActions", Form::kList, "[]"},
    Property{"OKActions", Form::kList, "[]"},
    Property{"InsufficientDataActions", Form::kList, "[]"},
    Property{"Tags", Form::kList, "[]"},
};

class CloudWatchAlarm final : public ResourceType {
  public:
    [[nodiscard]] std::string_view name() const noexcept override {
        return "AWS::CloudWatch::Alarm";
    }
    [[nodiscard]] PropertyTable properties() const noexcept override { return kAlarmProperties; }
    [[nodiscard]] std::string_view name_property() const noexcept override { return "AlarmName"; }

    [[nodiscard]] Result<json> normalise(json const& given) const override {
        MERIDIAN_TRY(auto out, canonical(kAlarmProperties, given));
        // Nobody would carry them out.
        for (auto const* const actions : {"AlarmActions", "OKActions", "InsufficientDataActions"}) {
            if (!out[actions].empty()) {
                return fail(Errc::kInvalidParameterValue,
                            fmt::format("{} is not supported by this version of Meridian: alarms "
                                        "guard rollouts and start nothing else.",
                                        actions));
            }
        }
        return out;
    }

    io::Task<std::optional<Standing>> read(Workbench& bench, Wish wish) const override {
        if (!wish.before.is_object()) co_return std::nullopt;
        co_return std::optional(standing_of(bench, wish.physical_id, wish.before));
    }

    io::Task<Standing> create(Workbench& bench, Wish wish) const override {
        co_return standing_of(bench, wish.physical_id, wish.properties);
    }
    io::Task<Standing> update(Workbench& bench, Wish wish, Standing) const override {
        co_return standing_of(bench, wish.physical_id, wish.properties);
    }
    io::Task<> remove(Workbench&, Wish) const override { co_return Result<void>{}; }

  private:
    static Standing standing_of(Workbench& bench, std::string id, json properties) {
        Standing out{
            .physical_id = std::move(id), .properties = std::move(properties), .attributes = {}};
        out.attributes.ref = out.physical_id;
        out.attributes.attributes["Arn"] =
            fmt::format("arn:aws:cloudwatch:{}:{}:alarm:{}", bench.calls.region(), bench.account,
                        out.physical_id);
        return out;
    }
};

}  // namespace

ResourceType const& cloudwatch_alarm_type() noexcept {
    static CloudWatchAlarm const kType;
    return kType;
}

}  // namespace meridian::deploy
