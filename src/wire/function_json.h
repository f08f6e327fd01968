#pragma once
// A function version as AWS's FunctionConfiguration shows it. Pure; any thread.
// Source: the API model, and answers recorded from the service for which members are there and
// which are not.

#include <nlohmann/json.hpp>

#include "model/names.h"
#include "model/runnable.h"

namespace meridian::wire {

enum class ArnForm {
    kUnqualified,  // "…:function:name"
    kQualified,    // "…:function:name:$LATEST" or with a number
};

// What GetFunctionConfiguration, CreateFunction, UpdateFunction… and PublishVersion answer.
[[nodiscard]] nlohmann::json function_configuration_json(model::RunnableVersion const& version,
                                                         model::RegionName const& region,
                                                         ArnForm arn);

// What ListFunctions and ListVersionsByFunction show of each: the same without State,
// LastUpdateStatus, their reasons, and RuntimeVersionConfig.
[[nodiscard]] nlohmann::json function_list_item_json(model::RunnableVersion const& version,
                                                     model::RegionName const& region, ArnForm arn);

}  // namespace meridian::wire
