// DeleteFunction: a function with everything under it, or one of its versions.

#include <algorithm>

#include "control/control_plane.h"
#include "control/retry.h"
#include "control/sub_records.h"

namespace meridian::control {

namespace {

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

io::Task<> ControlPlane::delete_function(Requester who, FunctionAndQualifier what) {
    if (what.qualifier) {
        auto const& qualifier = what.qualifier->value();
        if (qualifier == model::kLatest) {
            co_return fail(Errc::kInvalidParameterValue,
                           "$LATEST version cannot be deleted without deleting the function.");
        }
        if (qualifier.starts_with('$')) {  // recorded: "$latest" is looked for, and no alias
            MERIDIAN_CO_TRY(auto const there, co_await table_.get(who.account, what.name));
            co_return there ? not_found(who.account, what.name, what.qualifier)
                            : not_found(who.account, what.name);
        }
        if (!is_number(qualifier)) {
            co_return fail(Errc::kInvalidParameterValue,
                           "Deletion of aliases is not currently supported.");
        }
    }
    auto deleted = co_await retry_conflicts([&] { return try_delete_function(who, what); });
    if (!deleted && deleted.error().code == Errc::kOutcomeUnknown) {
        // The data plane must follow whichever way it went.
        MERIDIAN_CO_CHECK(co_await function_replicated(who.account, what.name));
    }
    co_return deleted;
}

io::Task<> ControlPlane::add_removals(store::Transaction* to, model::AccountId account,
                                      FunctionAndQualifier what) {
    constexpr std::size_t kPage = 256;
    auto const remove = [&](store::Record const& record) {
        to->expectations.push_back({record.key, record.sequence});
        to->changes.push_back({record.key, std::nullopt});
    };
    for (auto const kind : kKindsUnderAFunction) {
        if (what.qualifier) {
            MERIDIAN_CO_TRY(auto const record, co_await parts_.store.get({
                                                   account,
                                                   kind,
                                                   sub_id(what.name, *what.qualifier),
                                               }));
            if (record) remove(*record);
            continue;
        }
        store::Scan scan{.account = account,
                         .kind = kind,
                         .id_prefix = sub_id_prefix(what.name),
                         .after_id = {},
                         .limit = kPage};
        for (;;) {
            MERIDIAN_CO_TRY(auto const records, co_await parts_.store.scan(scan));
            std::ranges::for_each(records, remove);
            if (records.size() < kPage) break;
            scan.after_id = records.back().key.id;
        }
    }
    co_return Result<void>{};
}

io::Task<> ControlPlane::try_delete_version(Requester who, FunctionAndQualifier what) {
    MERIDIAN_CO_TRY(auto stored, co_await table_.get(who.account, what.name));
    if (!stored) co_return not_found(who.account, what.name);  // recorded: unqualified
    auto const number = version_number(what.qualifier->value());
    if (!number) co_return Result<void>{};
    MERIDIAN_CO_TRY(auto version, co_await table_.get_version(who.account, what.name, *number));
    if (!version) co_return Result<void>{};  // deleting what is not there is done
    if (aliases_.published().is_used(who.account, what.name, *number)) {
        co_return fail(Errc::kResourceConflict,
                       "Version " + what.qualifier->value() +
                           " cannot be deleted because an alias points to it.");
    }
    auto const key = version_key(who.account, what.name, *number);
    store::Transaction transaction{.caller = who.arn,
                                   .expectations = {{key, version->sequence}},
                                   .changes = {{key, std::nullopt}}};
    MERIDIAN_CO_CHECK(co_await add_removals(&transaction, who.account, what));
    MERIDIAN_CO_TRY(auto const sequence, co_await parts_.store.commit(std::move(transaction)));
    published_.remove_version(who.account, what.name, version_of(*number), sequence);
    co_return Result<void>{};
}

io::Task<> ControlPlane::try_delete_function(Requester who, FunctionAndQualifier what) {
    if (what.qualifier) co_return co_await try_delete_version(std::move(who), std::move(what));
    MERIDIAN_CO_TRY(auto stored, co_await table_.get(who.account, what.name));
    if (!stored) co_return not_found(who.account, what.name);

    // A version that is published meanwhile changes the function's record, so that the commit below
    // conflicts.
    MERIDIAN_CO_TRY(auto versions, co_await table_.all_versions(who.account, what.name));
    auto const key = function_key(who.account, what.name);
    store::Transaction transaction{
        .caller = who.arn,
        .expectations = {{key, stored->sequence}},
        .changes = {{key, std::nullopt, epitaph_to_json(stored->function.last_version)}}};
    for (auto const& version : versions) {
        auto const its_key = version_key(who.account, what.name, version.number);
        transaction.expectations.push_back({its_key, version.sequence});
        transaction.changes.push_back({its_key, std::nullopt});
    }
    MERIDIAN_CO_CHECK(co_await add_removals(&transaction, who.account, what));
    MERIDIAN_CO_TRY(auto const sequence, co_await parts_.store.commit(std::move(transaction)));
    published_.remove_function(who.account, what.name, sequence);
    forget_parts(who.account, what.name);
    co_return Result<void>{};
}

}  // namespace meridian::control
