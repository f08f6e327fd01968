// Where templates are, how sources become packages, and how progress is shown.

#include <cstdlib>
#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "cli/progress.h"
#include "cli/source_builder.h"
#include "cli/template_source.h"
#include "io/child_process.h"

namespace meridian::cli {
namespace {

namespace fs = std::filesystem;

void write(fs::path const& path, std::string_view text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

template <typename T>
Result<T> wait_for(io::Task<T> task) {
    asio::io_context context;
    Result<T> out = fail(Errc::kInternal, "not run");
    asio::co_spawn(context, std::move(task), [&](std::exception_ptr e, Result<T> result) {
        EXPECT_FALSE(e);
        out = std::move(result);
    });
    context.run();
    return out;
}

Result<std::string> build(fs::path const& root, deploy::BuildRequest request) {
    SourceBuilder builder(root);
    return wait_for(builder.build(std::move(request)));
}

TEST(GitPlace, IsToldFromAPath) {
    EXPECT_EQ(parse_git_place("git:main"), (GitPlace{".", "main", "."}));
    EXPECT_EQ(parse_git_place("git:v1.2:services/shop"), (GitPlace{".", "v1.2", "services/shop"}));
    EXPECT_EQ(parse_git_place("/srv/shop.git#v1:app"), (GitPlace{"/srv/shop.git", "v1", "app"}));
    EXPECT_EQ(parse_git_place("shop"), std::nullopt);
    EXPECT_EQ(parse_git_place("git:"), std::nullopt);
    EXPECT_EQ(parse_git_place("shop#"), std::nullopt);
}

TEST(TemplateSource, FindsTheTemplateOfAFolder) {
    auto const folder = TemporaryFolder::make();
    ASSERT_TRUE(folder);
    auto const shop = folder->path() / "my shop";
    EXPECT_FALSE(wait_for(open_template(shop.string())));
    write(shop / "template.yml", "Resources: {}\n");
    auto const source = wait_for(open_template(shop.string()));
    ASSERT_TRUE(source) << source.error().message;
    EXPECT_EQ(source->file, "template.yml");
    EXPECT_EQ(source->text, "Resources: {}\n");
    EXPECT_EQ(stack_name_of(source->folder), "my-shop");
}

TEST(TemplateSource, OfACommitIsWhatWasCommitted) {
    auto const folder = TemporaryFolder::make();
    ASSERT_TRUE(folder);
    auto const repository = folder->path().string();
    auto const git = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"/usr/bin/git", "-C", repository, "-c", "user.name=t", "-c",
                                     "user.email=t@example.com"});
        auto const done = wait_for(io::run_process({.arguments = std::move(words)}, 4096));
        ASSERT_TRUE(done && done->ok()) << (done ? done->errors : done.error().message);
    };
    git({"init", "-q", "-b", "main"});
    write(folder->path() / "app/template.yaml", "one\n");
    git({"add", "."});
    git({"commit", "-q", "-m", "one"});
    write(folder->path() / "app/template.yaml", "two\n");
    auto const source = wait_for(open_template(repository + "#main:app"));
    ASSERT_TRUE(source) << source.error().message;
    EXPECT_EQ(source->text, "one\n");
    EXPECT_EQ(source->origin.value("Commit", "").size(), 40U);
    EXPECT_FALSE(wait_for(open_template(repository + "#--upload-pack=x:app")));
    auto const nothing = wait_for(open_template(repository + "#nothing:app"));
    ASSERT_FALSE(nothing);
    // In git's own words.
    EXPECT_TRUE(nothing.error().message.starts_with("git: fatal:")) << nothing.error().message;
}

TEST(SourceBuilder, TakesSourcesAsTheyAre) {
    auto const folder = TemporaryFolder::make();
    ASSERT_TRUE(folder);
    write(folder->path() / "app/app.py", "x");
    write(folder->path() / "app/__pycache__/app.pyc", "different every time");
    auto const one = build(folder->path(), {.path = "app", .runtime = "python3.11"});
    ASSERT_TRUE(one) << one.error().message;
    write(folder->path() / "app/__pycache__/app.pyc", "as I said");
    EXPECT_EQ(*build(folder->path(), {.path = "app", .runtime = "python3.11"}), *one);
    write(folder->path() / "ready.zip", *one);
    EXPECT_EQ(*build(folder->path(), {.path = "ready.zip"}), *one) << "an archive is as it is";
    auto const layer =
        build(folder->path(),
              {.type = "AWS::Lambda::LayerVersion", .path = "app", .build_method = "python3.11"});
    ASSERT_TRUE(layer);
    EXPECT_TRUE(layer->contains("python/app.py"));
}

struct BuildRow {
    std::string file;
    std::string text;
    std::string method;
    bool refused;
};

TEST(SourceBuilder, WhatNeedsABuildIsRefused) {
    for (auto const& row : {
             BuildRow{"requirements.txt", "requests\n", "python3.11", true},
             BuildRow{"requirements.txt", "# none\n\n", "python3.11", false},
             BuildRow{"package.json", R"({"dependencies":{"a":"1"}})", "nodejs22.x", true},
             BuildRow{"package.json", R"({"type":"module"})", "nodejs22.x", false},
             BuildRow{"go.mod", "module x", "provided.al2023", true},
             BuildRow{"Cargo.toml", "", "provided.al2023", true},
             BuildRow{"Makefile", "build-F:", "makefile", true},
         }) {
        auto const folder = TemporaryFolder::make();
        ASSERT_TRUE(folder);
        write(folder->path() / "app" / row.file, row.text);
        auto const built = build(folder->path(), {.path = "app", .build_method = row.method});
        EXPECT_EQ(built.has_value(), !row.refused) << row.file << row.text;
    }
}

TEST(SourceBuilder, NothingLeavesTheFolder) {
    auto const folder = TemporaryFolder::make();
    ASSERT_TRUE(folder);
    write(folder->path() / "secret", "x");
    write(folder->path() / "app/app.py", "x");
    fs::create_symlink(folder->path() / "secret", folder->path() / "app/link");
    EXPECT_FALSE(build(folder->path(), {.path = "app"}));
    EXPECT_FALSE(build(folder->path(), {.path = "nothing"}));
}

TEST(Progress, FitsTheLine) {
    deploy::Progress const progress{.region = "us-east-1",
                                    .text = std::string(300, 'x'),
                                    .done = 0.426,
                                    .remaining = std::chrono::seconds(75)};
    auto const text = progress_text(progress, 80);
    EXPECT_EQ(text.size(), 80U);
    EXPECT_TRUE(text.starts_with("[ 43%] us-east-1: xxx")) << text;
    EXPECT_TRUE(text.ends_with("(1 min 15 s left)")) << text;
}

}  // namespace
}  // namespace meridian::cli
