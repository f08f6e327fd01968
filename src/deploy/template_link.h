#pragma once
// A draft as a stack: references linked to the resources that they name, properties checked against
// what their types have, resources in the order of their dependencies.
//
// Pure functions; any thread. Errors: kInvalidParameterValue, "LINE:COLUMN: text".

#include <map>
#include <string>
#include <vector>

#include "deploy/stack.h"
#include "deploy/template_draft.h"

namespace meridian::deploy {

struct LinkedReferences {
    std::vector<std::string> resources = {};  // each once
    // Set where something names a foreign resource that was asked to be skipped.
    std::string skipped = {};
};

class Linker {
  public:
    // Keeps a reference to the draft. Errors: two resources of one logical id.
    [[nodiscard]] static Result<Linker> over(Draft const& draft);

    // `node` with SAM's names replaced ({"Ref": "F.Alias"}), and the resources that it names. An
    // absent resource is an error, but a skipped one if `may_be_skipped`.
    [[nodiscard]] Result<LinkedReferences> link(Node& node, bool may_be_skipped = false) const;
    // That everything named in it was declared.
    [[nodiscard]] Result<void> check_mention(Node const& node) const;

    [[nodiscard]] bool has(std::string const& id) const { return types_.contains(id); }

  private:
    explicit Linker(Draft const& draft) : draft_(&draft) {}

    Result<void> walk(Node& node, bool may_be_skipped, LinkedReferences& out) const;
    Result<void> rewrite(Node& call) const;
    Result<void> use(Node const& call, bool may_be_skipped, LinkedReferences& out) const;

    Draft const* draft_;
    std::map<std::string, std::string, std::less<>> types_;
};

// The stack's resources and shifts, with `at` for marks.
[[nodiscard]] Result<void> link_resources(Draft& draft, Linker const& linker,
                                          std::string const& file, Stack& stack);

}  // namespace meridian::deploy
