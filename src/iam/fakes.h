#pragma once
// What IAM's tests, and those of what stands above it, put in place of the account log's home: a
// log over any store, and the parts of IAM that go with it.

#include "iam/identity_manager.h"
#include "iam/security_tokens.h"

namespace meridian::iam {

// The home's own log: what is committed is in the directory at once.
class DirectAccountLog : public AccountLog {
  public:
    DirectAccountLog(store::Store& store, Directory& directory)
        : store_(store), directory_(directory) {}

    io::Task<> write(store::Transaction transaction) override {
        auto const changes = store::changes_of(transaction.changes);
        MERIDIAN_CO_TRY(auto const sequence, co_await store_.commit(std::move(transaction)));
        directory_.apply(changes, sequence);
        co_return Result<void>{};
    }
    io::Task<> catch_up() override { co_return Result<void>{}; }

  private:
    store::Store& store_;
    Directory& directory_;
};

struct TestIdentities {
    TestIdentities(store::Store& store, Clock const& clock, Random& random)
        : account_log(store, directory),
          manager({directory, account_log, secrets, clock, random}),
          tokens({directory, authority, secrets, clock, random}) {}

    NullLog log;
    Directory directory{log};
    SecretKeys secrets{"an account key for tests"};
    DirectAccountLog account_log;
    IdentityManager manager;
    Authority authority{directory};
    SecurityTokens tokens;
};

inline constexpr char const* kLambdaTrust =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";

}  // namespace meridian::iam
