"""Codes that no docstring explains, for errors.md: groups of title, introduction, and code -> meaning and remedy."""

CODES: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        "Problems of documents",
        "`problems` of an `invalid_document`: each has a code, a JSON pointer, a message and the offending value.",
        {
            "unknown_key": "The key does not exist, or not here. Nothing is dropped silently; the message names a near one.",
            "missing_key": "A required key is absent. Add it.",
            "duplicate_id": "Two thresholds, directives or capabilities have one id. All directives of an envelope share one"
            " namespace.",
            "bad_policy": "Fields of a directive do not fit together, such as `metric` on `onNodeComplete`. The message says"
            " which.",
            "bad_action": "`action` is no object with a `type`, or `onExhausted` is a goto.",
            "unknown_action": "The `type` is none of goto, replan, hitl, fail, pause, emit.",
            "legacy_action": "The `type` is a name of earlier envelopes. Use the one that the message gives.",
            "legacy_field": "The key belongs to earlier envelopes. Use what the message gives.",
            "nesting_depth": "Actions nest deeper than three levels. Split the directive.",
            "unknown_policy": "An override opts out of an id that the envelope does not have. As a plan diagnostic: a warning"
            " about a node's own opt-out.",
            "input_invalid": "An input breaks the schema of its facet.",
            "bad_schema": "A contract or facet schema is no JSON Schema. As a plan diagnostic: the schemas of a plan do not"
            " compile.",
            "bad_facet": "A facet is defined twice or its schema is no JSON Schema.",
            "bad_json": "A value is nothing that JSON can say: not finite, an integer over 64 bits, a key that is no text.",
            "bad_text": "Text that is not well-formed Unicode.",
            "bad_run_id": "A run id is a UUID.",
            "bad_frame_id": "No frame has this id. Send the `id` of a frame as it came.",
            "bad_script": "A scenario: a script entry has both outputs and an error, or a capability has no script.",
            "bad_step": "A scenario: a step has exactly one key.",
        },
    ),
    (
        "Files",
        "Reading envelopes, scenarios and edits. The message names line and column.",
        {
            "unreadable_file": "The file is missing, a folder, or not readable.",
            "not_utf8": "The file is not UTF-8.",
            "empty": "The file holds nothing.",
            "too_large": "More than 5 MB, or more than 200,000 values.",
            "too_deep": "Nested too deep.",
            "syntax": "Not YAML, not JSON, or, in a predicate, not the grammar of `when`.",
            "duplicate_key": "A key stands twice in one object.",
            "bad_key": "A YAML key that is no text, or `<<`.",
            "bad_tag": "A YAML tag. Remove it.",
            "bad_alias": "A YAML alias that names nothing before it.",
            "huge_integer": "An integer of more than 64 bits. Write it as text.",
            "not_finite": "NaN or infinity. Use null, or leave the key out.",
        },
    ),
    (
        "Predicates",
        "Why a `when` is refused. The pointer ends inside the `when`; texts also have a column. See"
        " [Policies](../policies.md#when-predicates).",
        {
            "bad_shape": "Not the shape of a predicate: an empty object, an operator without value, ordering on text, `[*]` outside"
            " `$includes`, `$nonEmpty` and `$count`.",
            "bad_path": "Not a facet path. Quote odd keys: `facet[\"odd key\"]`.",
            "bad_literal": "A literal of the wrong type for the operator.",
            "unknown_operator": "No such operator; the message suggests a near one.",
            "json_logic": "The predicate is JSON-Logic. The message shows the rewrite.",
            "reserved": "Names that begin with `$` are reserved; known are `$run`, `$node` and `$signal`.",
            "limit_depth": "Nested deeper than 12.",
            "limit_leaves": "More than 64 tests.",
            "limit_source": "Longer than 8,192 characters.",
            "limit_literal": "A text literal longer than 256 characters.",
            "limit_path": "A path longer than 256 characters or 16 segments.",
        },
    ),
    (
        "Warnings of the normalizer",
        "`warnings` of a `start` frame: the run starts all the same. `flexes policy check` makes errors of the first two.",
        {
            "unknown_facet": "Nothing gives or produces the facet that a directive reads.",
            "unknown_capability": "No capability has this id. As a plan diagnostic: the node cannot be invoked.",
            "matches_nothing": "No capability has all that a selector names.",
            "type_mismatch": "The facet's schema allows no value that the test takes.",
        },
    ),
    (
        "Failed nodes",
        "`code` of a `NodeFailed` event and a `node_error` frame.",
        {
            "node_error": "The capability raised. `NodeError(..., retryable=True)` says that the same call may succeed later.",
            "output_invalid": "The outputs break a schema, lack a declared facet or hold an undeclared one. `issues` says where.",
            "timeout": "The attempt ran over the capability's `timeout_ms`. Retryable.",
            "bad_result": "The capability returned neither a NodeResult nor a dictionary of its outputs, or one that cannot be"
            " recorded.",
            "capability_unavailable": "The process that drives has no function registered for the capability.",
            "declined": "A reviewer rejected what a human node asked for; as a plan diagnostic: the planner declined.",
        },
    ),
    (
        "Refused planner answers",
        "`diagnostics` of a `plan_rejected` frame, besides those below.",
        {
            "planner_error": "The planner raised.",
            "planner_timeout": "It did not answer in time (`planner_timeout_s` of `Flexes.open`).",
            "planner_garbage": "It answered something that is no draft, delta or decline.",
            "wrong_answer": "A delta where a draft was asked for, or the reverse.",
        },
    ),
    (
        "Why a run failed",
        "`error.code` of a `complete` frame, of `flexes show --json` and of `RunReport.error`.",
        {
            "node_failed": "A node failed and no directive acted on it. `details` has the node's own code.",
            "policy_failed": "A `fail` action took effect.",
            "plan_failed": "There is no first plan: the planner declined, or used up `maxPlannerAttempts`.",
            "plan_unresolved": "A replan could not be answered, and `onUnresolved` or `onLimit` says fail.",
            "guard_rail": "A guard rail held a replan, and `onUnresolved` or `onLimit` says fail.",
            "attempts_exhausted": "A reject action's goto has no attempts left.",
            "hitl_limit": "A human request above `maxHitlRequests`.",
            "blocked": "Nothing is left to run, and some nodes cannot complete. `details.nodes` names them.",
            "output_contract_unmet": "All nodes completed, but the output breaks the contract. `details` has facet and path.",
            "cancelled": "Somebody cancelled the run.",
        },
    ),
    (
        "Command line",
        "Codes that only the command line has.",
        {
            "usage": "The command was called wrongly. `--help` says how.",
            "os_error": "The operating system refused something.",
            "no_projections": "No package offers projections to rebuild.",
            "demo_failed": "The demo's child process did not do what the story needs.",
            "unexpected": "A fault of flexes. Please report it.",
        },
    ),
)
