#include "iam/known_credentials.h"

#include <fmt/format.h>

namespace meridian::iam {

auth::Credential const* KnownCredentials::find(model::AccessKeyId const& id,
                                               std::string_view session_token) const {
    if (!session_token.empty()) return find_session(id, session_token);
    if (auto const* const root = root_.find(id, session_token)) return root;
    return find_users(id);
}

auth::Credential const* KnownCredentials::find_users(model::AccessKeyId const& id) const {
    auto const* const key = directory_.find_key(id);
    if (key == nullptr || !key->entity.active) return nullptr;
    auto const* const user = directory_.find_user_by_id(key->entity.user_id);
    if (user == nullptr) return nullptr;
    auto secret = secrets_.open_secret(id, key->entity.sealed_secret);
    if (!secret) return nullptr;  // sealed by another account key: nobody has it any more
    found_ = {.secret_access_key = std::move(*secret),
              .account = user->entity.account,
              .arn = user->entity.arn(),
              .user_id = user->entity.id,
              .principal = {.kind = auth::Principal::Kind::kUser, .name = user->entity.name}};
    return &found_;
}

KnownCredentials::Session const* KnownCredentials::open(std::string_view token) const {
    if (auto const found = by_token_.find(token); found != by_token_.end()) {
        sessions_.splice(sessions_.begin(), sessions_, found->second);
        return &sessions_.front();
    }
    auto opened = open_session(token, secrets_);
    if (!opened) return nullptr;
    std::shared_ptr<policy::Document const> policy;
    if (!opened->claims.session_policy.empty()) {
        auto parsed =
            policy::Document::parse(policy::DocumentKind::kIdentity, opened->claims.session_policy);
        if (!parsed) return nullptr;
        policy = std::make_shared<policy::Document>(std::move(*parsed));
    }
    if (sessions_.size() >= kOpenedSessionsMax) {
        by_token_.erase(sessions_.back().token);
        sessions_.pop_back();
    }
    sessions_.push_front({std::string(token), std::move(*opened), std::move(policy)});
    by_token_.emplace(sessions_.front().token, sessions_.begin());
    return &sessions_.front();
}

auth::Credential const* KnownCredentials::find_session(model::AccessKeyId const& id,
                                                       std::string_view token) const {
    auto const* const session = open(token);
    if (session == nullptr || session->opened.access_key_id != id) return nullptr;
    auto const& claims = session->opened.claims;
    auth::Credential credential{.secret_access_key = session->opened.secret_access_key,
                                .account = claims.account,
                                .arn = {},
                                .user_id = claims.id,
                                .principal = {.kind = claims.kind,
                                              .name = claims.name,
                                              .source_function_arn = claims.source_function_arn,
                                              .issued = claims.issued,
                                              .forwarded = claims.forwarded,
                                              .session_policy = session->policy},
                                .session_token = session->token,
                                .expires = claims.expires};
    auto& principal = credential.principal;
    switch (claims.kind) {
        case auth::Principal::Kind::kRoot:
            credential.arn = fmt::format("arn:aws:iam::{}:root", claims.account);
            break;
        case auth::Principal::Kind::kUser: {
            auto const* const user = directory_.find_user_by_id(claims.id);
            if (user == nullptr) return nullptr;
            principal.name = user->entity.name;
            credential.arn = user->entity.arn();
            break;
        }
        case auth::Principal::Kind::kAssumedRole: {
            auto const* const role = directory_.find<model::Role>(claims.account, claims.name);
            if (role == nullptr || role->entity.id != claims.id) return nullptr;
            principal.role_arn = role->entity.arn();
            credential.arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", claims.account,
                                         role->entity.name, claims.session_name);
            credential.user_id = claims.id + ":" + claims.session_name;
            break;
        }
        case auth::Principal::Kind::kAnonymous:
            return nullptr;
    }
    found_ = std::move(credential);
    return &found_;
}

}  // namespace meridian::iam
