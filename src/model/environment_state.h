#pragma once
// The life of an execution environment as a table. Lambda Developer Guide, "Understanding the
// Lambda execution environment lifecycle": Init, Invoke, Shutdown; a runtime that exits or times
// out is reset inside its sandbox (/tmp survives) and initialises again within the next invocation.

#include <array>

#include "base/transitions.h"

namespace meridian::model {

enum class EnvironmentState {
    kCreating,  // the sandbox is being made
    kInit,      // the runtime runs and has not asked for an event yet
    kReady,     // the runtime waits in GET /next
    kInvoking,  // an event is with the runtime
    kReset,     // the runtime's processes are gone; the sandbox stays
    kShutdown,  // being torn down
    kGone,
};

enum class EnvironmentEvent {
    kSandboxUp,      // the jailer has handed the sandbox over, the runtime was started
    kSandboxFailed,  // it could not be made
    kRuntimeNext,    // GET /runtime/invocation/next
    kInvokeSent,     // the event was given to the runtime
    kInvokeDone,     // the runtime answered and asks for the next event
    kInitError,      // POST /runtime/init/error
    kInitTimeout,    // the Init phase took longer than kInitTimeout
    kInvokeTimeout,  // the function's timeout
    kRuntimeExited,  // the runtime's first process is gone
    kRestarted,      // the runtime was started again in the same sandbox
    kShutdownAsked,  // idle for too long, updated, deleted, or the server stops
    kSandboxGone,    // every process is dead and the slot given back
};

inline constexpr auto kEnvironmentTransitions =
    std::to_array<Transition<EnvironmentState, EnvironmentEvent>>({
        {EnvironmentState::kCreating, EnvironmentEvent::kSandboxUp, EnvironmentState::kInit},
        {EnvironmentState::kCreating, EnvironmentEvent::kSandboxFailed,
         EnvironmentState::kShutdown},
        {EnvironmentState::kCreating, EnvironmentEvent::kShutdownAsked,
         EnvironmentState::kShutdown},
        {EnvironmentState::kInit, EnvironmentEvent::kRuntimeNext, EnvironmentState::kReady},
        {EnvironmentState::kInit, EnvironmentEvent::kInitError, EnvironmentState::kReset},
        {EnvironmentState::kInit, EnvironmentEvent::kInitTimeout, EnvironmentState::kReset},
        {EnvironmentState::kInit, EnvironmentEvent::kInvokeTimeout, EnvironmentState::kReset},
        {EnvironmentState::kInit, EnvironmentEvent::kRuntimeExited, EnvironmentState::kReset},
        {EnvironmentState::kInit, EnvironmentEvent::kShutdownAsked, EnvironmentState::kShutdown},
        {EnvironmentState::kReady, EnvironmentEvent::kInvokeSent, EnvironmentState::kInvoking},
        {EnvironmentState::kReady, EnvironmentEvent::kRuntimeExited, EnvironmentState::kReset},
        {EnvironmentState::kReady, EnvironmentEvent::kShutdownAsked, EnvironmentState::kShutdown},
        {EnvironmentState::kInvoking, EnvironmentEvent::kInvokeDone, EnvironmentState::kReady},
        {EnvironmentState::kInvoking, EnvironmentEvent::kInvokeTimeout, EnvironmentState::kReset},
        {EnvironmentState::kInvoking, EnvironmentEvent::kRuntimeExited, EnvironmentState::kReset},
        {EnvironmentState::kInvoking, EnvironmentEvent::kShutdownAsked,
         EnvironmentState::kShutdown},
        {EnvironmentState::kReset, EnvironmentEvent::kRestarted, EnvironmentState::kInit},
        {EnvironmentState::kReset, EnvironmentEvent::kShutdownAsked, EnvironmentState::kShutdown},
        {EnvironmentState::kShutdown, EnvironmentEvent::kSandboxGone, EnvironmentState::kGone},
    });
static_assert(is_deterministic(kEnvironmentTransitions));

[[nodiscard]] constexpr char const* name_of(EnvironmentState state) {
    switch (state) {
        case EnvironmentState::kCreating:
            return "Creating";
        case EnvironmentState::kInit:
            return "Init";
        case EnvironmentState::kReady:
            return "Ready";
        case EnvironmentState::kInvoking:
            return "Invoking";
        case EnvironmentState::kReset:
            return "Reset";
        case EnvironmentState::kShutdown:
            return "Shutdown";
        case EnvironmentState::kGone:
            return "Gone";
    }
    return "?";
}

}  // namespace meridian::model
