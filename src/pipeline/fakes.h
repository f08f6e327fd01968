#pragma once
// Pipelines' neighbours in tests.

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "deploy/builder.h"
#include "pipeline/ports.h"

namespace meridian::pipeline {

class FakeSources final : public Sources {
  public:
    std::map<std::string, BranchHead> heads;   // "repository/branch"
    std::map<std::string, std::string> files;  // "commit/path"

    io::Task<std::optional<BranchHead>> head(model::AccountId, std::string repository,
                                             std::string branch) override {
        auto const found = heads.find(repository + "/" + branch);
        co_return found == heads.end() ? std::nullopt : std::optional(found->second);
    }
    io::Task<std::string> file(model::AccountId, std::string, std::string commit, std::string path,
                               std::size_t) override {
        auto const found = files.find(commit + "/" + path);
        if (found == files.end()) co_return fail(Errc::kResourceNotFound, "no such file");
        co_return found->second;
    }
};

// Calls `behaviour` for each runner.
class FakeRunners final : public Runners {
  public:
    std::vector<std::string> begun;
    std::function<io::Task<>(Execution)> behaviour;

    io::Task<> run(model::AccountId, Execution execution) override {
        begun.push_back(execution.id());
        if (behaviour) co_return co_await behaviour(std::move(execution));
        co_return Result<void>{};
    }
};

// Packages are `code` and their path.
class FakeBuilder final : public deploy::Builder {
  public:
    explicit FakeBuilder(std::string code) : code_(std::move(code)) {}

    io::Task<std::string> build(deploy::BuildRequest request) override {
        co_return code_ + request.path;
    }

  private:
    std::string const code_;
};

}  // namespace meridian::pipeline
