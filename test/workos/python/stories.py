"""Stories with the client of WorkOS for Python, as it is published, against a service. Arguments: its URL, and two keys."""

import sys
from collections.abc import Callable

from workos import WorkOSClient
from workos._errors import (
    APIError,
    AuthenticationError,
    AuthorizationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    UnprocessableEntityError,
)
from workos.authorization import ResourceTargetById
from workos.organization_membership import RoleMultiple, RoleSingle

url, key, other_key = sys.argv[1:4]
workos = WorkOSClient(api_key=key, base_url=url, max_retries=0)
elsewhere = WorkOSClient(api_key=other_key, base_url=url, max_retries=0)
roles, members = workos.authorization, workos.organization_membership


def refused(error: type[APIError], code: str, call: Callable[[], object]) -> None:
    try:
        call()
    except error as found:
        assert found.code == code, (found.code, code)
        assert found.request_id, "an error names its request"
    else:
        raise AssertionError(f"{code} was expected")


def same(found: object, wanted: object) -> None:
    assert found == wanted, (found, wanted)


def slugs(listed) -> list[str]:
    return [one.slug for one in listed.data]


for client in (workos, elsewhere):
    for slug in ("docs:read", "docs:write"):
        client.authorization.create_permission(slug=slug, name=slug)

admin = roles.create_environment_role(slug="admin", name="Admin", description="All")
same((admin.slug, admin.type, admin.description, admin.permissions), ("admin", "EnvironmentRole", "All", []))
same(roles.set_environment_role_permissions("admin", permissions=["docs:write"]).permissions, ["docs:write"])
same(
    roles.add_environment_role_permission("admin", body_slug="docs:read").permissions,
    ["docs:read", "docs:write"],
)
same(roles.update_environment_role("admin", description=None).description, None)
same(slugs(roles.list_environment_roles()), ["member", "admin"])
same(slugs(elsewhere.authorization.list_environment_roles()), ["member"])

billing = roles.create_organization_role("acme", name="Billing Admin")
same(billing.slug, f"billing-admin-{billing.id[-6:].lower()}")
roles.create_organization_role("acme", name="Auditor", slug="org-auditor")
roles.set_organization_role_permissions("acme", "org-auditor", permissions=["docs:read", "docs:write"])
roles.remove_organization_role_permission("acme", "org-auditor", "docs:write")
same(roles.get_organization_role("acme", "org-auditor").permissions, ["docs:read"])
same(slugs(roles.list_organization_roles("acme")), ["member", "admin", billing.slug, "org-auditor"])
same(slugs(roles.list_organization_roles("globex")), ["member", "admin"])

ann = members.create_organization_membership(user_id="ann", organization_id="acme")
same((ann.status, ann.role.slug), ("active", "member"))
refused(
    ConflictError,
    "organization_membership_already_exists",
    lambda: members.create_organization_membership(user_id="ann", organization_id="acme"),
)
auditor = RoleSingle(role_slug="org-auditor")
same(members.update_organization_membership(ann.id, role=auditor).role.slug, "org-auditor")
acme = ResourceTargetById(resource_id="acme")


def allows(permission: str) -> bool:
    return roles.check(ann.id, permission_slug=permission, resource_target=acme).authorized


same((allows("docs:read"), allows("docs:write")), (True, False))
refused(ConflictError, "role_has_assignments", lambda: roles.delete_organization_role("acme", "org-auditor"))
refused(
    UnprocessableEntityError,
    "multiple_roles_not_enabled",
    lambda: members.update_organization_membership(ann.id, role=RoleMultiple(role_slugs=["member", "admin"])),
)
refused(
    UnprocessableEntityError,
    "invalid_role",
    lambda: members.update_organization_membership(ann.id, role=RoleSingle(role_slug="org-none")),
)
[assignment] = roles.list_role_assignments(ann.id).data
same(assignment.role.slug, "org-auditor")
roles.remove_role_assignment(ann.id, assignment.id)
same(members.get_organization_membership(ann.id).role.slug, "member")
roles.delete_organization_role("acme", "org-auditor")
refused(NotFoundError, "entity_not_found", lambda: roles.get_organization_role("acme", "org-auditor"))

created = [members.create_organization_membership(user_id=f"user-{n}", organization_id="big").id for n in range(25)]
first = members.list_organization_memberships(organization_id="big", limit=10)
same([one.id for one in first.auto_paging_iter()], created[::-1])
second = members.list_organization_memberships(organization_id="big", limit=10, after=first.after)
back = members.list_organization_memberships(organization_id="big", limit=10, before=second.before)
same(([one.id for one in back.data], back.before), ([one.id for one in first.data], None))
of_user = members.list_organization_memberships(user_id="ann").data
same([one.organization_id for one in of_user], ["acme"])

members.delete_organization_membership(ann.id)
members.create_organization_membership(user_id="ann", organization_id="acme")
refused(NotFoundError, "entity_not_found", lambda: members.get_organization_membership(ann.id))

once = {"idempotency_key": "once"}
made = [roles.create_permission(slug="once", name="Once", request_options=once).id for _ in range(2)]
same(made[0], made[1])

events = workos.events.list_events(events=["organization_membership.deleted", "organization_role.deleted"])
same([one.event for one in events.data], ["organization_role.deleted", "organization_membership.deleted"])
same(sorted(one.id for one in workos.organizations.list_organizations().auto_paging_iter()), ["acme", "big"])

refused(BadRequestError, "missing_user_id_or_organization_id", members.list_organization_memberships)
nobody = WorkOSClient(api_key="sk_nobody", base_url=url, max_retries=0)
refused(AuthenticationError, "unauthorized", nobody.authorization.list_environment_roles)
reader = WorkOSClient(api_key="sk_reader", base_url=url, max_retries=0)
refused(AuthorizationError, "forbidden", lambda: reader.authorization.create_permission(slug="x", name="X"))
refused(ConflictError, "permission_slug_conflict", lambda: roles.create_permission(slug="docs:read", name="R"))
print("told")
