#pragma once
// A function version as AWS's FunctionConfiguration shows it. Pure; any thread.
// Source: the API model, and answers recorded from the service for which members are there and
// which are not.

#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "model/names.h"
#include "model/runnable.h"

namespace meridian::wire {

enum class ArnForm {
    kUnqualified,  // "…:function:name"
    kQualified,    // "…:function:name:$LATEST" or with a number
};

[[nodiscard]] std::string function_arn(model::RunnableVersion const& version,
                                       model::RegionName const& region, ArnForm form);

// "arn:aws:lambda:us-east-1::runtime:…". AWS names the exact build of a runtime; ours is one value
// a runtime's name.
[[nodiscard]] std::string runtime_version_arn(model::RegionName const& region,
                                              std::string_view runtime);

// An object: what GetFunctionConfiguration, CreateFunction, UpdateFunction… and PublishVersion
// answer.
void write_function_configuration(JsonWriter& out, model::RunnableVersion const& version,
                                  model::RegionName const& region, std::string_view arn);

// An object: what ListFunctions and ListVersionsByFunction show of each, the same without State,
// LastUpdateStatus, their reasons, and RuntimeVersionConfig.
void write_function_list_item(JsonWriter& out, model::RunnableVersion const& version,
                              model::RegionName const& region, std::string_view arn);

}  // namespace meridian::wire
