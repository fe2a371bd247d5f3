"""What the page of faults offers: each fault in its group, and some that people want to see once."""

from typing import Any

__all__ = ["GROUPS", "REHEARSALS"]

# What people want to see once, and the faults that make it happen.
REHEARSALS: dict[str, dict[str, Any]] = {
    "A permission is missing": {
        "rest": [
            {"path": "ioc-collections", "status": 403, "body": {"message": "Insufficient permissions"}, "times": None}
        ]
    },
    "Too many requests": {
        "rest": [{"path": "ioc-collections", "status": 429, "headers": {"Retry-After": "2"}, "times": 3}]
    },
    "Sekoia is down for a moment": {"rest": [{"status": 503, "times": 2}]},
    "The last event is lost": {"lose_events": "last"},
    "LiveAPI refuses the key": {"live_status": 401},
    "LiveAPI closes the connection": {"live_close_after": 2},
    "Imports fail in the middle": {"fail_after": 0.5},
    "Imports stand still": {"stall_after": 0.5},
}
GROUPS = {
    "REST and the playbook callback": (
        "rest",
        "callback",
        "collection_limit",
        "import_answer",
        "invalid_lines",
        "indicators_as_task",
        "preview_fields",
        "me",
        "tasks",
    ),
    "Imports and their events": (
        "lose_events",
        "fail_after",
        "stall_after",
        "hold_after",
        "pause_after",
        "pause_for",
        "finish_before_answer",
        "zero_first",
        "zero_total_first",
        "totals_grow_at",
        "overcount",
        "created_as",
        "numbers_as_text",
        "task_events",
    ),
    "LiveAPI, the connection": (
        "live_status",
        "live_refuse_by_message",
        "live_delay",
        "live_greeting",
        "live_close_after",
        "live_close_code",
        "noise_per_second",
        "noise_bytes",
    ),
    "What becomes of indicators": (
        "stored_form",
        "refused_values",
        "ignored_columns",
        "ignored_counts_unchanged",
        "reimport_modifies",
        "validity_shrinks",
        "expired_renew",
        "revoked_revive",
        "changes",
        "empty_values",
        "days_of_addresses",
        "days_of_names",
        "days_of_others",
    ),
    "Searches and the bulk reader": (
        "quotes_searched",
        "bulk_reader",
        "bulk_patterns",
        "bulk_lag_seconds",
        "bulk_lag_values",
        "bulk_last_cursor",
    ),
}
"""The names of all faults, as people look for them."""
