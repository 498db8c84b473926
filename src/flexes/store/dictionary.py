"""What stored events are made of, for the compression: a storage format.

The bytes of a number are never changed, since what was compressed with them cannot be read without; others get the next
number. What events say most stands last, where a reference to it is shortest.
"""

from typing import Final

_PLANS: Final = (
    b'"requestId":"","previousVersion":"newVersion":2,"delta":{"type":"delta","baseVersion":1,"replace":[{"id":"',
    b'"remove":[],"add":[{"copyOf":"","triggers":["unanswered":[],"declined":true,"answer":{"type":"decline","reason":"',
    b'"diagnostics":[{"code":"","severity":"error","node":"","capability":"","message":"","suggestion":"',
    b'"baseVersion":0,"intents":[{"intent":"rewrite","directives":["rationale":"","target":"',
    b'"draft":{"type":"draft","rationale":"","nodes":[{"id":"","capability":"","kind":"execution","stage":"',
    b'"dependsOn":["',
)
_TASKS: Final = (
    b'"envelope":{"objective":"","outputContract":{"mode":"facets","facets":["","inputs":{"policies":{"thresholds":{',
    b'"quality":[{"runtime":[{"id":"","trigger":{"kind":"onNodeComplete","selector":{"when":"',
    b'"action":{"type":"goto","next":"","maxAttempts":1,"context":{"catalog":{"capabilities":[{"tags":[],"inputs":[],',
    b'"outputs":["","fallbacks":[],"costEstimate":"timeoutMs":null,',
    b'"flags":{"policyEngine":true,"predicates":true,"actionDispatcher":true,"replanning":true}',
)
_POLICIES: Final = (
    b'"policyId":"","action":"replan","actionDetails":{"type":"hitl","triggerKind":"onValidationFail",',
    b'"source":"runtime","capabilityId":"","predicate":{"expression":"","outcome":"matched"},"maxAttempts":',
    b'"approveAction":null,"rejectAction":null,"actionPath":"/action","dueAt":"","onTimeout":{"decision":"approve",',
    b'"by":"","note":"","edits":{"event":"","payload":{"rail":"limit":"followUp":"fail"',
    b'"target":"","nodes":[["",1]],"cause":{"directive":"","action":"goto","node":"","notBeforeAt":"',
    b'"item":{"kind":"outcome","itemId":"timerId":"","timerKind":"backoff",',
    b'"output":{"message":"","details":{"code":"node_failed","node":""}',
)
_ATTEMPTS: Final = (
    b'"code":"node_error","error":"","retryable":true,"metrics":{"latencyEstimated":true,',
    b'"validation":{"ok":false,"issues":[]},"by":"","deadlineAt":"2026-01-01T00:00:00.000000Z","timers":[["',
    b'"signalId":"signal-","signalKind":"node_failed","nodeId":null,"attempt":null,"outcomes":[["opted_out",null,"',
    b'["invalid","type","["superseded","by "],["cooling_down","until 2026-],["exhausted",null,"],',
    b'["target_missing",null,"],["matched",null,""],["skipped","missing",""],["skipped","false","',
)
_ORIGIN: Final = b'{"at":"2026-01-01T00:00:00.000000Z","actor":"%s","commandId":"","planVersion":1,"decider":1,'
_ORIGINS: Final = (_ORIGIN % b"planner", _ORIGIN % b"system")
_NODE: Final = (
    _ORIGIN % b"driver",
    b'"nodeId":"","attempt":2,"outputs":{"":{"score":0.,"text":""}},"cost":0.0,"latencyMs":0.0,',
    b'"costEstimated":true,"schemaVersion":1}',
    _ORIGIN % b"driver",
    b'"signalKind":"node_completed","nodeId":"","attempt":1,"outcomes":[["skipped","false",""]],"schemaVersion":1}',
    _ORIGIN % b"driver",
    b'"nodeId":"","attempt":1,"capabilityId":"","schemaVersion":1}',
)

DICTIONARIES: Final = {1: b"".join((*_PLANS, *_TASKS, *_POLICIES, *_ATTEMPTS, *_ORIGINS, *_NODE))}
"""The preset dictionaries by their number; the largest is written, all are read."""
