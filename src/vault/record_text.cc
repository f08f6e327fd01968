#include "vault/record_text.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/encoding.h"

namespace meridian::vault {
namespace {

using nlohmann::json;

constexpr char kSealed[] = "$sealed";
constexpr std::uint32_t kVaultKeyId = 1;

std::string place_in(std::string_view path, json::json_pointer const& pointer) {
    return fmt::format("{}#{}", path, pointer.to_string());
}

bool is_sealed(json const& value) {
    return value.is_object() && value.size() == 1 && value.contains(kSealed) &&
           value[kSealed].is_string();
}

// Every value below `at`, and itself; `visit` says whether to look inside.
void walk(json& value, json::json_pointer const& at,
          std::function<bool(json&, json::json_pointer const&)> const& visit) {
    if (!visit(value, at)) return;
    if (value.is_object()) {
        for (auto& [name, member] : value.items()) walk(member, at / name, visit);
    } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i) walk(value[i], at / i, visit);
    }
}

}  // namespace

std::string RecordText::format(store::Kind kind, std::string_view path, json value) const {
    auto const secrets = std::ranges::find(secrets_, kind, &store::SecretMembers::kind);
    if (secrets != secrets_.end()) {
        MERIDIAN_ASSERT(key_.has_value());
        for (auto const& member : secrets->members) {
            if (!value.contains(member)) continue;
            walk(value[member], member, [&](json& inner, json::json_pointer const& at) {
                if (!inner.is_string()) return true;
                inner = {{kSealed, to_base64(crypto::seal_repeatably(
                                       *key_, kVaultKeyId, inner.get_ref<std::string const&>(),
                                       place_in(path, at)))}};
                return false;
            });
        }
    }
    return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<RecordText::Value> RecordText::parse(std::string_view path, std::string_view text) const {
    Value read{.value = json::parse(text, nullptr, false)};
    if (read.value.is_discarded()) return fail(Errc::kCorrupt, fmt::format("{} is not JSON", path));
    walk(read.value, json::json_pointer(), [&](json& inner, json::json_pointer const& at) {
        if (!is_sealed(inner)) return true;
        auto const sealed = from_base64(inner[kSealed].get_ref<std::string const&>());
        auto plain = sealed && key_ ? crypto::open(*key_, *sealed, place_in(path, at))
                                    : Result<std::string>(fail(Errc::kCorrupt, "sealed"));
        if (plain) {
            inner = std::move(*plain);
        } else {
            read.sealed.push_back(at.to_string());
        }
        return false;
    });
    return read;
}

}  // namespace meridian::vault
