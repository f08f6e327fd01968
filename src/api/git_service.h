#pragma once
// git over HTTP: /git/REGION/NAME and /git/REGION/vault (docs/operating/git.md). Authenticates by
// HTTP Basic (auth/git_verifier.h), authorizes as CodeCommit does (codecommit:GitPull and
// codecommit:GitPush; meridian:ReadVault for the vault), and lets git answer. Refusals are plain
// text, which git shows.
//
// Threads: the region's executor. Everything by reference outlives the call.

#include <optional>

#include "api/authorizer.h"
#include "auth/git_verifier.h"
#include "repositories/repositories.h"

namespace meridian::api {

struct GitCall {
    repositories::Repositories& repositories;
    Authorizer& authorizer;
    auth::GitVerifier const& verifier;
    // Who calls where signatures are off.
    std::optional<auth::Caller> anonymous = std::nullopt;
    // Whose the region is: the vault holds every account's records, so only this one's may read it.
    model::AccountId owner;
    model::RegionName region;
    RequestOrigin origin = {};
};

// Whether the caller may have what the request asks; nobody's bytes are taken before. Nothing: yes,
// else the refusal.
[[nodiscard]] std::optional<HttpResponse> refuse_git(GitCall const& call, HttpRequest const& head);

asio::awaitable<io::StreamedResponse> serve_git(GitCall call, io::StreamedRequest request);

[[nodiscard]] HttpResponse git_refusal(int status, std::string_view text);

}  // namespace meridian::api
