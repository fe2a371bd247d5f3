"""The vendor's triggers and actions that our playbooks use, as its manifests describe them.

From SEKOIA-IO/automation-library: `trigger_*.json` and `action_*.json` of the modules Sekoia.io, HTTP, Mattermost and
Virustotal. The cron trigger is in no public module: its uuids are those of the vendor's playbook templates
(SEKOIA-IO/Community, playbooks/templates/Reject_old_alerts.json), and nothing is known of what it gives.
"""

from typing import NamedTuple

__all__ = ["ACTIONS", "REJECTED", "TRIGGERS", "Action"]

SEKOIA = "92d8bb47-7c51-445d-81de-ae04edbb6f0a"
HTTP = "5894985f-91eb-46db-9306-cc5ac6463d3d"
MATTERMOST = "89c860f0-3e73-4946-a5c9-431deb33b0e8"
VIRUSTOTAL = "d023af1d-25d8-465b-b85f-2ed48214d6a5"
CRON = "1ad1b7ce-e335-4532-83ce-1d43c864720c"

REJECTED = "4f68da89-38e0-4703-a6ab-652f02bdf24e"
"""The status of a rejected alert (the vendor's documentation of playbooks, "How to update an alert status")."""

ALERT_EVENT = {
    "file_path",
    "event_type",
    "alert_uuid",
    "short_id",
    "status",
    "created_at",
    "urgency",
    "entity",
    "alert_type",
    "rule",
    "first_seen_at",
    "last_seen_at",
}
TRIGGERS: dict[tuple[str, str], set[str]] = {
    (SEKOIA, "fc26eb9f-b272-4c15-b3bf-ace397c0dc57"): {"alert_uuid"},  # Manual Trigger
    (SEKOIA, "26df593b-6513-45bb-83e5-7b09effa34dc"): ALERT_EVENT,  # Alert Status Changed
    # Case Created
    (SEKOIA, "408814cf-993b-43a6-ae9d-f6d9a9cd762f"): {
        "uuid",
        "short_id",
        "created_at",
        "created_by",
        "mode",
        "title",
        "description",
        "community_uuid",
        "assignees",
        "priority_uuid",
        "status_uuid",
        "tags",
    },
    (CRON, "5039c9fe-b2d8-40b3-a11b-d2a810ddbf91"): set(),  # cron
}
"""What each trigger gives, by module and trigger."""


class Action(NamedTuple):
    """An action of another module: its arguments, those of them that it needs, and its results."""

    arguments: set[str]
    required: set[str]
    results: set[str]


ACTIONS: dict[tuple[str, str], Action] = {
    # Get Alert
    (SEKOIA, "8d189665-5401-4098-8d60-944de9a6199a"): Action(
        arguments={"uuid", "stix", "cases"},
        required={"uuid"},
        results={"uuid", "short_id", "title", "details", "first_seen_at", "last_seen_at", "rule", "status", "urgency"},
    ),
    # Get Event Field Common Values
    (SEKOIA, "e26662f6-c40d-45ae-bd3f-4f1a13684ffb"): Action(
        arguments={"query", "earliest_time", "latest_time", "fields", "limit"},
        required={"query", "earliest_time", "latest_time", "fields"},
        results={"fields"},
    ),
    # Comment Alert
    (SEKOIA, "0d323de3-a864-4afe-a0c3-e7ff45883d7a"): Action(
        arguments={"uuid", "content", "author"},
        required={"uuid", "content"},
        results={"author", "content", "created_by", "created_by_type", "date", "unseen", "uuid"},
    ),
    # Comment case
    (SEKOIA, "0fcabc04-43b4-4564-b9b2-08b80e0e1ecf"): Action(
        arguments={"uuid", "content"},
        required={"uuid", "content"},
        results={"uuid", "content", "created_at", "created_by", "created_by_type", "updated_at"},
    ),
    # Download File
    (HTTP, "09e9dc3a-aeb2-4dde-ad96-3ee543afdf51"): Action(
        arguments={"url", "headers", "verify_ssl"},
        required={"url"},
        results={"file_path", "file_relative_path"},
    ),
    # Post Message
    (MATTERMOST, "e682ce5e-57aa-49b0-aace-9849448b2082"): Action(
        arguments={"message", "channel", "username"},
        required={"message"},
        results=set(),
    ),
    # Scan Domain
    (VIRUSTOTAL, "68a93925-d0c3-40e5-98a3-836d4b2e8f5e"): Action(
        arguments={"domain"},
        required={"domain"},
        results={
            "response_code",
            "verbose_msg",
            "detected_urls",
            "undetected_urls",
            "detected_downloaded_samples",
            "undetected_downloaded_samples",
            "detected_referrer_samples",
            "undetected_referrer_samples",
            "resolutions",
            "subdomains",
            "domain_siblings",
            "categories",
        },
    ),
}
"""The actions, by module and action; of Get Alert only the results that a playbook has a use for."""
