#include "iam/aws_policies.h"

#include <algorithm>

#include "base/random.h"
#include "crypto/sha256.h"

namespace meridian::iam {

namespace {

constexpr std::string_view kPrefix = "arn:aws:iam::aws:policy/";
constexpr std::size_t kAwsIdChars = 17;

#include "iam/aws_policies.inc"

}  // namespace

std::string AwsPolicy::arn() const { return std::string(kPrefix).append(path_and_name); }

std::string_view AwsPolicy::name() const {
    return path_and_name.substr(path_and_name.rfind('/') + 1);  // npos + 1 is 0
}

std::string AwsPolicy::path() const {
    auto const slash = path_and_name.rfind('/');
    if (slash == std::string_view::npos) return "/";
    return "/" + std::string(path_and_name.substr(0, slash + 1));
}

std::string AwsPolicy::id() const {
    auto const digest = crypto::sha256(arn());
    std::string id = "ANPA";
    for (std::size_t i = 0; i < kAwsIdChars; ++i)
        id += kUpperAlphanumeric[digest[i] % kUpperAlphanumeric.size()];
    return id;
}

std::span<AwsPolicy const> aws_policies() noexcept { return kPolicies; }

AwsPolicy const* find_aws_policy(std::string_view arn) noexcept {
    if (!arn.starts_with(kPrefix)) return nullptr;
    auto const name = arn.substr(kPrefix.size());
    auto const* const found =
        std::ranges::lower_bound(kPolicies, name, {}, &AwsPolicy::path_and_name);
    return found != std::end(kPolicies) && found->path_and_name == name ? found : nullptr;
}

}  // namespace meridian::iam
