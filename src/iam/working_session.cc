#include "iam/working_session.h"

#include <optional>

#include <fmt/format.h>

namespace meridian::iam {
namespace {

using PrincipalKind = auth::Principal::Kind;

constexpr std::string_view kIam = "arn:aws:iam::";
constexpr std::string_view kSts = "arn:aws:sts::";
constexpr std::string_view kAssumedRole = ":assumed-role/";
constexpr std::size_t kAccountDigits = 12;

std::optional<SessionClaims> claims_of(Directory const& directory, std::string_view arn,
                                       std::string_view user_id) {
    bool const assumed = arn.starts_with(kSts);
    if (!assumed && !arn.starts_with(kIam)) return std::nullopt;
    auto rest = arn.substr(kIam.size());
    static_assert(kIam.size() == kSts.size());
    if (rest.size() <= kAccountDigits) return std::nullopt;
    model::AccountId const account{std::string(rest.substr(0, kAccountDigits))};
    rest.remove_prefix(kAccountDigits);
    if (assumed) {
        if (!rest.starts_with(kAssumedRole)) return std::nullopt;
        rest.remove_prefix(kAssumedRole.size());
        auto const slash = rest.find('/');
        if (slash == std::string_view::npos) return std::nullopt;
        auto const session = rest.substr(slash + 1);
        auto const* const role = directory.find<model::Role>(account, rest.substr(0, slash));
        if (role == nullptr || fmt::format("{}:{}", role->entity.id, session) != user_id)
            return std::nullopt;
        return SessionClaims{.kind = PrincipalKind::kAssumedRole,
                             .account = account,
                             .name = role->entity.name,
                             .id = role->entity.id,
                             .session_name = std::string(session)};
    }
    if (rest == ":root") {
        if (user_id != account.value()) return std::nullopt;
        return SessionClaims{
            .kind = PrincipalKind::kRoot, .account = account, .id = std::string(user_id)};
    }
    auto const* const user = directory.find_user_by_id(std::string(user_id));
    if (user == nullptr || user->entity.arn() != arn) return std::nullopt;
    return SessionClaims{.kind = PrincipalKind::kUser,
                         .account = account,
                         .name = user->entity.name,
                         .id = user->entity.id};
}

}  // namespace

Result<TemporaryCredentials> make_working_session(WorkingSessionParts const& parts,
                                                  std::string_view arn, std::string_view user_id,
                                                  std::chrono::seconds lifetime) {
    auto claims = claims_of(parts.directory, arn, user_id);
    if (!claims) {
        return fail(Errc::kAccessDenied,
                    fmt::format("{} cannot go on with what it has started: it is not there any "
                                "more, or its credentials were narrowed by a session policy.",
                                arn));
    }
    claims->forwarded = true;
    claims->issued = std::chrono::floor<std::chrono::seconds>(parts.clock.wall_now());
    claims->expires = claims->issued + lifetime;
    return make_session(*claims, parts.secrets, parts.random);
}

}  // namespace meridian::iam
