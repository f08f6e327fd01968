#include "control/layers.h"

#include <algorithm>

#include "control/control_plane_fixture.h"

namespace meridian::control {
namespace {

constexpr char const* kLayerOne = "arn:aws:lambda:us-east-1:123456789012:layer:l:1";

class LayersTest : public ControlPlaneTest {
  protected:
    Result<model::LayerVersion> publish_layer(std::string const& zip = "PK1",
                                              std::string const& layer = "l",
                                              PublishLayerVersionRequest request = {}) {
        request.layer = layer;
        request.package.zip_bytes = zip;
        return run(control->layers().publish(who, std::move(request)));
    }
    model::LayerVersionId id(std::uint64_t number, std::string const& layer = "l") const {
        return {who.account, layer, number};
    }
    Result<void> remove_layer(std::uint64_t number, std::string const& layer = "l") {
        return run(control->layers().remove(who, id(number, layer)));
    }
    Result<FunctionView> set_layers(std::vector<std::string> arns) {
        return update_settings({.layer_arns = std::move(arns)});
    }
    Result<AddedLayerPermission> share(std::string const& sid, std::string const& principal,
                                       std::optional<std::string> organization = std::nullopt) {
        return run(control->layers().add_permission(
            who, {.what = id(1),
                  .permission = {.statement_id = sid,
                                 .action = "lambda:GetLayerVersion",
                                 .principal = principal,
                                 .principal_org_id = std::move(organization)}}));
    }
    template <typename T>
    static std::string text(Result<T> const& result) {
        return result ? "" : result.error().message;
    }

    Requester const stranger{model::AccountId("210987654321"), "arn:aws:iam::210987654321:root"};
};

TEST_F(LayersTest, ArePublishedShownAndKeptOverARestart) {
    auto const made = publish_layer("PK1", "l",
                                    {.description = "mine",
                                     .compatible_runtimes = {{"python3.11"}},
                                     .compatible_architectures = std::vector<std::string>{},
                                     .license_info = "MIT"});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->id.number, 1u);
    EXPECT_EQ(run(control->layers().get(who, id(1))), *made);
    restart();
    EXPECT_EQ(run(control->layers().get(who, id(1))), *made);
    EXPECT_EQ(publish_layer("PK1")->id.number, 2u) << "the same bytes are a new version";
}

TEST_F(LayersTest, NumbersAreNeverUsedAgain) {
    ASSERT_TRUE(publish_layer());
    ASSERT_TRUE(publish_layer());
    ASSERT_TRUE(remove_layer(2));
    ASSERT_TRUE(remove_layer(1));
    EXPECT_FALSE(stored({who.account, store::Kind::kLayer, "l"}));
    restart();
    EXPECT_EQ(publish_layer()->id.number, 3u);
    EXPECT_TRUE(remove_layer(9)) << "deleting what is not there is done";
    EXPECT_EQ(text(run(control->layers().get(who, id(1)))),
              "The resource you requested does not exist.");
}

TEST_F(LayersTest, ARivalsVersionTakesTheNextNumber) {
    std::optional<Result<model::LayerVersion>> first, second;
    start(control->layers().publish(who, {.layer = "l", .package = {.zip_bytes = "PK1"}}), first);
    start(control->layers().publish(who, {.layer = "l", .package = {.zip_bytes = "PK2"}}), second);
    run_until([&] { return first && second; });
    ASSERT_TRUE(*first && *second);
    EXPECT_EQ((*first)->id.number + (*second)->id.number, 3u);
}

TEST_F(LayersTest, AreListedWithTheirNewestMatchingVersion) {
    ASSERT_TRUE(publish_layer("PK1", "a", {.compatible_runtimes = {{"python3.11"}}}));
    ASSERT_TRUE(publish_layer("PK1", "a", {.compatible_runtimes = {{"nodejs22.x"}}}));
    ASSERT_TRUE(publish_layer("PK1", "b"));
    ASSERT_TRUE(publish_layer("PK1", "c", {.compatible_runtimes = {{"python3.11"}}}));
    auto const list = [&](ListLayersRequest request) {
        std::string out;
        for (;;) {
            auto const page = run(control->layers().list(who, request));
            if (!page) return text(page);
            for (auto const& version : page->versions)
                out += version.id.layer + std::to_string(version.id.number) + " ";
            if (page->next_marker.empty()) return out;
            request.marker = page->next_marker;
        }
    };
    EXPECT_EQ(list({}), "a2 b1 c1 ");
    EXPECT_EQ(list({.max_items = 1}), "a2 b1 c1 ");
    EXPECT_EQ(list({.compatible_runtime = "python3.11", .max_items = 1}), "a1 c1 ");
    EXPECT_EQ(list({.compatible_architecture = "arm64"}), "");

    auto const versions = run(control->layers().list_versions(who, "a", {.max_items = 1}));
    ASSERT_TRUE(versions);
    EXPECT_EQ(versions->versions.at(0).id.number, 2u) << "newest first";
    auto const rest =
        run(control->layers().list_versions(who, "a", {.marker = versions->next_marker}));
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->versions.at(0).id.number, 1u);
    EXPECT_EQ(rest->next_marker, "");
    EXPECT_TRUE(run(control->layers().list_versions(who, "none", {}))->versions.empty());
}

TEST_F(LayersTest, CountForTheAccountsRoom) {
    make_function("f", "PK1");
    ASSERT_TRUE(publish_layer("PK12345"));
    EXPECT_EQ(run(control->get_account_settings(who))->total_code_bytes, 10u);
    restart();
    EXPECT_EQ(run(control->get_account_settings(who))->total_code_bytes, 10u);
    ASSERT_TRUE(remove_layer(1));
    EXPECT_EQ(run(control->get_account_settings(who))->total_code_bytes, 3u);
}

TEST_F(LayersTest, AFunctionKeepsADeletedVersionAndItsPackage) {
    make_function();
    auto const layer = publish_layer("PK-layer");
    ASSERT_TRUE(layer);
    auto const updated = set_layers({kLayerOne});
    ASSERT_TRUE(updated) << updated.error().message;
    EXPECT_EQ(updated->version.version.settings.layers.at(0).id, id(1));
    settle();
    ASSERT_TRUE(remove_layer(1));
    restart();
    settle();
    EXPECT_EQ(get().version.version.settings.layers.at(0).code, layer->code);
    auto const used = run(control->code_in_use());
    ASSERT_TRUE(used);
    EXPECT_NE(std::ranges::find(*used, layer->code.sha256), used->end());
    EXPECT_EQ(text(set_layers({kLayerOne})),
              std::string("Layer version ") + kLayerOne + " does not exist.");
    ASSERT_TRUE(set_layers({}));
    settle();
    EXPECT_TRUE(get().version.version.settings.layers.empty());
}

TEST_F(LayersTest, TheMergedDirectoryOfAFunctionIsInUse) {
    make_function();
    auto const one = publish_layer("PK-a", "a");
    auto const two = publish_layer("PK-b", "b");
    ASSERT_TRUE(one && two);
    ASSERT_TRUE(set_layers({"arn:aws:lambda:us-east-1:123456789012:layer:b:1",
                            "arn:aws:lambda:us-east-1:123456789012:layer:a:1"}));
    settle();
    auto const used = run(control->code_in_use());
    ASSERT_TRUE(used);
    auto const merged = store::merged_name({two->code.sha256, one->code.sha256});
    EXPECT_NE(std::ranges::find(*used, merged), used->end());
}

TEST_F(LayersTest, CodeAndLayersTogetherAreLimited) {
    make_function("f", "PK:262143000");
    ASSERT_TRUE(publish_layer("PK:1000", "fits"));
    ASSERT_TRUE(publish_layer("PK:1001", "over"));
    EXPECT_EQ(text(set_layers({"arn:aws:lambda:us-east-1:123456789012:layer:over:1"})),
              "Function code combined with layers exceeds the maximum allowed size of 262144000 "
              "bytes. The actual size is 262144001 bytes.");
    ASSERT_TRUE(set_layers({"arn:aws:lambda:us-east-1:123456789012:layer:fits:1"}));
    settle();
    EXPECT_FALSE(update_code("PK:262143001"));
    EXPECT_TRUE(update_code("PK:1"));
    auto request = creation("g", "PK:262143000");
    request.settings.layer_arns = {{"arn:aws:lambda:us-east-1:123456789012:layer:over:1"}};
    EXPECT_FALSE(run(control->create_function(who, request)));
}

TEST_F(LayersTest, ANewLayerMakesANewVersionToPublish) {
    make_function();
    ASSERT_TRUE(publish_layer());
    ASSERT_TRUE(publish());
    ASSERT_TRUE(set_layers({kLayerOne}));
    settle();
    auto const published = publish();
    ASSERT_TRUE(published);
    EXPECT_EQ(published->version.version.version.value(), "2");
    EXPECT_EQ(published->version.version.settings.layers.size(), 1u);
}

TEST_F(LayersTest, AnotherAccountNeedsAPermission) {
    ASSERT_TRUE(publish_layer());
    auto const get = [&] { return run(control->layers().get(stranger, id(1))); };
    auto const refused = get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::kAccessDenied);
    EXPECT_EQ(refused.error().message,
              "User: arn:aws:iam::210987654321:root is not authorized to perform: "
              "lambda:GetLayerVersion on resource: "
              "arn:aws:lambda:us-east-1:123456789012:layer:l:1 because no resource-based policy "
              "allows the lambda:GetLayerVersion action");
    EXPECT_FALSE(run(control->layers().resolve(stranger, {kLayerOne})));
    EXPECT_EQ(run(control->layers().get(stranger, id(7))).error().code, Errc::kAccessDenied)
        << "what is not there is not told from what is not shared";
    ASSERT_TRUE(share("org", "*", "o-1234567890"));
    EXPECT_FALSE(get()) << "nobody is in an organization";
    ASSERT_TRUE(share("other", "111111111111"));
    EXPECT_FALSE(get());
    ASSERT_TRUE(share("them", "210987654321"));
    EXPECT_TRUE(get());
    EXPECT_TRUE(run(control->layers().resolve(stranger, {kLayerOne})));
    ASSERT_TRUE(
        run(control->layers().remove_permission(who, {.what = id(1), .statement_id = "them"})));
    EXPECT_FALSE(get());
    ASSERT_TRUE(share("all", "*"));
    EXPECT_TRUE(get());
}

TEST_F(LayersTest, APolicyHasARevisionAndGoesWithItsLastStatement) {
    ASSERT_TRUE(publish_layer());
    EXPECT_EQ(text(run(control->layers().get_policy(who, id(1)))),
              "No policy is associated with the given resource.");
    auto const first = share("a", "*");
    ASSERT_TRUE(first);
    EXPECT_EQ(run(control->layers().get_policy(who, id(1)))->revision, first->revision);
    auto const second = share("b", "*");
    ASSERT_TRUE(second);
    EXPECT_NE(first->revision, second->revision);
    auto const remove = [&](std::string const& sid, std::optional<model::RevisionId> revision) {
        return run(control->layers().remove_permission(
            who, {.what = id(1), .statement_id = sid, .revision_id = std::move(revision)}));
    };
    EXPECT_EQ(remove("b", first->revision).error().code, Errc::kPreconditionFailed);
    EXPECT_EQ(text(remove("c", {})), "Statement c is not found in resource policy.");
    restart();
    EXPECT_TRUE(remove("b", second->revision));
    EXPECT_TRUE(remove("a", {}));
    EXPECT_EQ(text(run(control->layers().get_policy(who, id(1)))),
              "No policy is associated with the given resource.");
    EXPECT_EQ(text(run(control->layers().get_policy(who, id(2)))),
              "Layer version arn:aws:lambda:us-east-1:123456789012:layer:l:2 does not exist.");
}

TEST_F(LayersTest, ADamagedRecordIsNotMistakenForUnusedCode) {
    ASSERT_TRUE(publish_layer());
    write({who.account, store::Kind::kLayerVersion, "l:000000000002"},
          nlohmann::json{{"format", 99}});
    EXPECT_FALSE(run(control->code_in_use()));
}

}  // namespace
}  // namespace meridian::control
