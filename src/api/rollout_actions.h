#pragma once
// Meridian's own API of deploys: what stacks own, and the records of executions, kept in every
// region of a deploy so that any other machine can finish one. REST-JSON under /meridian/v1/:
//
//   GET  stacks, stacks/NAME
//   GET  rollouts, rollouts/ID
//   POST rollouts                {Id, Stack, Holder, LeaseSeconds, Record, Summary}
//   PUT  rollouts/ID             {Epoch, State, Progress?, Summary, Hooks?, StackRecord?}
//   POST rollouts/ID/lease       {Holder, LeaseSeconds, Epoch?}: takes it, or keeps it
//   POST rollouts/ID/abort
//   PUT, GET rollouts/ID/packages/SHA256-IN-HEX   {Zip}: what the execution needs to be finished
//
// One execution of a stack at a time. Whoever holds the lease drives; taking it raises the epoch,
// and a write with an older one is refused, so that a driver that was thought dead does no harm.
// Records are the driver's; here they are kept whole.
//
// Threads: the region's executor. Everything by reference outlives the call.

#include "api/authorizer.h"
#include "base/http_message.h"
#include "store/code_store.h"
#include "store/record_seal.h"
#include "store/store.h"

namespace meridian::api {

struct RolloutServices {
    store::Store& store;
    store::CodeStore& code;
};

struct RolloutCall {
    RolloutServices services;
    auth::Caller caller;
    RequestOrigin origin;
    HttpRequest request;
    WallTime now{};
};

// Whether serve_rollouts() is for it.
[[nodiscard]] bool is_rollout_path(std::string_view path);

// Errors: kUnknownOperation, kResourceNotFound, kResourceConflict (another execution, another
// holder, an older epoch), and what the caller did wrong, by name.
io::Task<HttpResponse> serve_rollouts(Authorizer& authorizer, RolloutCall call);

// CodeDeploy's JSON 1.1 protocol, of which hooks need PutLifecycleEventHookExecutionStatus. Every
// error is an answer.
asio::awaitable<HttpResponse> serve_code_deploy(Authorizer& authorizer, RolloutCall call);

// What stacks and rollouts keep from readers of the database: environment variables are in both.
[[nodiscard]] std::vector<store::SecretMembers> rollout_secret_members();

// Packages that unfinished executions need; for the reaper.
io::Task<std::vector<model::CodeSha256>> packages_in_use(store::Store& store);

}  // namespace meridian::api
