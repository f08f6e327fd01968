#pragma once
// ARNs and the shorter forms that stand for them in requests. Pure; any thread.
// Source: Developer Guide, "Lambda function names", and the API model's patterns.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/layer.h"
#include "model/names.h"

namespace meridian::wire {

// Any service's "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE"; each part may be empty, and the
// resource may have colons. Views into the text.
struct ArnParts {
    std::string_view partition, service, region, account, resource;
};
// Nothing for what has not all parts.
[[nodiscard]] std::optional<ArnParts> split_arn(std::string_view text);

// What FunctionName may hold: `name`, `name:qualifier`, `123456789012:function:name[:qualifier]`,
// `us-east-1:123456789012:function:name[:qualifier]`, `function:name[:qualifier]` or a whole ARN.
struct FunctionReference {
    std::optional<std::string> partition;  // only of a whole ARN
    std::optional<model::RegionName> region;
    std::optional<model::AccountId> account;
    model::FunctionName name;
    std::optional<model::Qualifier> qualifier;

    bool operator==(FunctionReference const&) const = default;
};

// kValidation for what is none of the forms; the message is the caller's to replace.
[[nodiscard]] Result<FunctionReference> parse_function_reference(std::string_view text);
// The shortest form that keeps every part: parse(format(x)) == x.
[[nodiscard]] std::string format(FunctionReference const& reference);

// "arn:aws:lambda:us-east-1:123456789012:function:name[:qualifier]". An empty qualifier is none.
// The partition follows the region (aws, aws-cn, aws-us-gov, …).
[[nodiscard]] std::string function_arn(
    model::RegionName const& region, model::AccountId const& account,
    model::FunctionName const& name,
    std::optional<model::Qualifier> const& qualifier = std::nullopt);
[[nodiscard]] std::string_view partition_of(model::RegionName const& region) noexcept;

struct LayerVersionArn {
    std::string partition;
    model::RegionName region;
    model::AccountId account;
    std::string layer;
    std::optional<std::uint64_t> version;  // nothing: the layer itself

    bool operator==(LayerVersionArn const&) const = default;
};
[[nodiscard]] Result<LayerVersionArn> parse_layer_arn(std::string_view text);
[[nodiscard]] std::string format(LayerVersionArn const& arn);
// "arn:aws:lambda:us-east-1:123456789012:layer:name:1"; number 0 is the layer itself.
[[nodiscard]] std::string layer_arn(model::RegionName const& region,
                                    model::LayerVersionId const& what);

struct RoleArn {
    std::string partition;
    model::AccountId account;
    std::string path = "/";  // begins and ends with '/'
    std::string name;

    bool operator==(RoleArn const&) const = default;
};
[[nodiscard]] Result<RoleArn> parse_role_arn(std::string_view text);
[[nodiscard]] std::string format(RoleArn const& arn);

}  // namespace meridian::wire
