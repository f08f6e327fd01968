#pragma once
// AWS's own managed policies, those that functions, their roles and their users are given. Constant
// data; any thread. Drawn by tools/update-aws-policies.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace meridian::iam {

struct AwsPolicy {
    std::string_view path_and_name;  // "service-role/AWSLambdaBasicExecutionRole"
    std::uint32_t version;           // the default one, and the only one known here
    std::int64_t created_s;
    std::int64_t updated_s;
    std::string_view document;

    [[nodiscard]] std::string arn() const;
    [[nodiscard]] std::string_view name() const;
    [[nodiscard]] std::string path() const;  // "/service-role/"
    // IAM's form, made of the ARN: AWS's own ids are not known.
    [[nodiscard]] std::string id() const;
};

// By path and name.
[[nodiscard]] std::span<AwsPolicy const> aws_policies() noexcept;
// Null if `arn` ("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole") is none of
// them.
[[nodiscard]] AwsPolicy const* find_aws_policy(std::string_view arn) noexcept;

}  // namespace meridian::iam
