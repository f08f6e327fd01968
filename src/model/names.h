#pragma once
// The names by which Lambda's things are known, as types that do not mix.

#include <string>

#include "base/named_type.h"

namespace meridian::model {

using AccountId = NamedType<std::string, struct AccountIdTag>;        // 12 digits
using RegionName = NamedType<std::string, struct RegionNameTag>;      // "us-east-1"
using FunctionName = NamedType<std::string, struct FunctionNameTag>;  // [a-zA-Z0-9-_]{1,64}
using Version = NamedType<std::string, struct VersionTag>;            // "$LATEST" or a number
using Qualifier = NamedType<std::string, struct QualifierTag>;        // version, alias or empty
using RequestId = NamedType<std::string, struct RequestIdTag>;        // a UUID
using RevisionId = NamedType<std::string, struct RevisionIdTag>;      // a UUID
using CodeSha256 = NamedType<std::string, struct CodeSha256Tag>;      // base64, as in the API
using AccessKeyId = NamedType<std::string, struct AccessKeyIdTag>;

inline constexpr char const* kLatest = "$LATEST";

}  // namespace meridian::model
