#pragma once
// What IAM's own tests share: an account in memory and the loop that runs it.

#include <optional>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "iam/fakes.h"
#include "store/memory_store.h"

namespace meridian::iam {

class IdentitiesTest : public testing::Test {
  protected:
    static constexpr char const* kAccount = "123456789012";
    static constexpr char const* kBasic =
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

    template <typename T>
    Result<T> run(io::Task<T> task) {
        std::optional<Result<T>> outcome;
        asio::co_spawn(context, std::move(task),
                       [&outcome](std::exception_ptr exception, Result<T> result) {
                           if (exception) std::rethrow_exception(exception);
                           outcome.emplace(std::move(result));
                       });
        context.restart();
        while (!outcome && context.run_one() > 0) {
        }
        return std::move(*outcome);
    }
    // What must work.
    template <typename T>
    T must(io::Task<T> task) {
        auto result = run(std::move(task));
        if (!result) throw std::runtime_error(result.error().message);
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }

    void make_user(std::string const& name = "ann") { must(iam.create_user(who, {.name = name})); }
    void make_role(std::string const& name, std::string const& trust = kLambdaTrust) {
        must(iam.create_role(who, {.name = name, .assume_role_policy_document = trust}));
    }
    static std::string policy(std::string_view effect, std::string_view action,
                              std::string_view resource = "*") {
        return fmt::format(
            R"({{"Version":"2012-10-17","Statement":[{{"Effect":"{}","Action":"{}","Resource":"{}"}}]}})",
            effect, action, resource);
    }

    asio::io_context context;
    model::AccountId const account{kAccount};
    Requester who{account, "arn:aws:iam::123456789012:root"};
    ManualClock clock;
    SeededRandom random{7};
    store::MemoryStore store{clock};
    TestIdentities identities{store, clock, random};
    IdentityManager& iam = identities.manager;
};

}  // namespace meridian::iam
