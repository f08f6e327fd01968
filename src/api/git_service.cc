#include "api/git_service.h"

#include <fmt/format.h>

#include "api/pipeline_actions.h"
#include "repositories/repository_name.h"

namespace meridian::api {
namespace {

namespace git = repositories;

int git_status(Errc code) {
    switch (code) {
        case Errc::kMissingAuthentication:
        case Errc::kUnrecognizedClient:
        case Errc::kInvalidSignature:
        case Errc::kExpiredToken:
            return 401;
        case Errc::kAccessDenied:
            return 403;
        case Errc::kResourceNotFound:
        case Errc::kUnknownOperation:
            return 404;
        case Errc::kRequestTooLarge:
            return 413;
        case Errc::kTooManyRequests:
        case Errc::kUnavailable:
            return 503;
        default:
            return 500;
    }
}

HttpResponse git_error(Error const& error) {
    auto const status = git_status(error.code);
    // What went wrong inside is for the log, not for the client.
    auto response = git_refusal(status, status == 500 ? "Something failed inside." : error.message);
    if (status == 401) response.headers.add("WWW-Authenticate", "Basic realm=\"Meridian\"");
    if (status == 503) response.headers.add("Retry-After", "5");
    return response;
}

struct AllowedGit {
    git::GitRequest asked;
    auth::Caller caller;
};

Result<AllowedGit> admit_git(GitCall const& call, HttpRequest const& request) {
    auto const asked = git::parse_git_request(request);
    if (!asked) {
        return fail(Errc::kUnknownOperation,
                    "Only git's smart protocol is spoken here: /git/REGION/NAME");
    }
    AllowedGit allowed{.asked = *asked, .caller = {}};
    if (call.anonymous) {
        allowed.caller = *call.anonymous;
        allowed.caller.region = call.region;
        allowed.caller.service = "codecommit";
    } else {
        MERIDIAN_TRY(allowed.caller,
                     call.verifier.verify(request, {.host = request.headers.get("host"),
                                                    .path = asked->remote,
                                                    .region = call.region.value()}));
    }
    if (asked->name == git::kVaultName) {
        if (asked->is_push())
            return fail(Errc::kAccessDenied, "A region's vault is written by the region alone.");
        if (allowed.caller.account != call.owner) {
            return fail(Errc::kAccessDenied,
                        "A vault holds the records of every account: only the first may read it.");
        }
        MERIDIAN_CHECK(
            call.authorizer.authorize_vault(allowed.caller, "meridian:ReadVault", call.origin));
        return allowed;
    }
    if (!git::is_repository_name(asked->name))
        return fail(Errc::kResourceNotFound, "That is no repository's name.");
    MERIDIAN_CHECK(call.authorizer.authorize_repository(
        allowed.caller, asked->is_push() ? "codecommit:GitPush" : "codecommit:GitPull", asked->name,
        call.origin));
    return allowed;
}

}  // namespace

HttpResponse git_refusal(int status, std::string_view text) {
    HttpResponse response;
    response.status = status;
    response.headers.add("Content-Type", "text/plain; charset=utf-8");
    response.headers.add("Cache-Control", "no-cache");
    response.body = fmt::format("{}\n", text);
    return response;
}

std::optional<HttpResponse> refuse_git(GitCall const& call, HttpRequest const& head) {
    auto const allowed = admit_git(call, head);
    if (allowed) return std::nullopt;
    return git_error(allowed.error());
}

asio::awaitable<io::StreamedResponse> serve_git(GitCall call, io::StreamedRequest request) {
    auto const allowed = admit_git(call, request.request);
    if (!allowed) co_return io::StreamedResponse{git_error(allowed.error())};
    if (request.request.body_too_large) {
        co_return io::StreamedResponse{
            git_error({Errc::kRequestTooLarge,
                       fmt::format("A push has at most {} bytes.", git::kPushBytesMax)})};
    }
    auto const& caller = allowed->caller;
    auto const who = started_by(caller);
    git::GitUser user{.arn = who.arn, .user_id = who.user_id};
    auto const name = std::string(allowed->asked.name);
    auto answer = name == git::kVaultName
                      ? co_await call.repositories.serve_vault(std::move(request), std::move(user))
                      : co_await call.repositories.serve(std::move(request), {caller.account, name},
                                                         std::move(user));
    co_return answer ? std::move(*answer) : io::StreamedResponse{git_error(answer.error())};
}

}  // namespace meridian::api
