"""The customer's side of an onboarding as scripts for Azure CLI and PowerShell; pure text.

They hold ids and names, never a secret: a client secret or certificate is added afterwards by
whoever holds it. Application permissions are looked up by name in the customer's own Microsoft
Graph service principal, so that no id of a permission is written down here.
"""

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from tenants.domain.clouds import CLOUDS

# Microsoft Graph's application id, the same in every cloud and tenant (Microsoft Graph reference).
GRAPH_APPLICATION = "00000003-0000-0000-c000-000000000000"
_PROVIDER = "Microsoft.EntraIDGovernance"
_AZURE_CLOUDS = {
    "usgov": "AzureUSGovernment",
    "dod": "AzureUSGovernment",
    "china": "AzureChinaCloud",
}
_GRAPH_ENVIRONMENTS = {"usgov": "USGov", "dod": "USGovDoD", "china": "China"}

_CLI_GRANTS = f"""
graph=$(az ad sp show --id {GRAPH_APPLICATION} --query id --output tsv)
sp=$(az ad sp list --filter "appId eq '$app'" --query '[0].id' --output tsv)
if [ -z "$sp" ]; then sp=$(az ad sp create --id "$app" --query id --output tsv); fi
held=$(az rest --method GET --url "$api/$sp/appRoleAssignments" --query 'value[].appRoleId' -o tsv)

# Grants each application permission, which is its admin consent.
for permission in "${{permissions[@]}}"; do
  role=$(az ad sp show --id {GRAPH_APPLICATION} --output tsv \\
    --query "appRoles[?value=='$permission'].id | [0]")
  if [ -z "$role" ]; then
    echo "This cloud has no permission $permission." >&2
    exit 1
  fi
  if grep -qx "$role" <<<"$held"; then continue; fi
  body=$(printf '{{"principalId":"%s","resourceId":"%s","appRoleId":"%s"}}' "$sp" "$graph" "$role")
  az rest --method POST --url "$api/$sp/appRoleAssignments" --body "$body" \\
    --headers Content-Type=application/json --output none
done
echo "Application (client) id for the portal: $app"
"""
_PS_GRANTS = """
$sp = Get-MgServicePrincipal -Filter "appId eq '$app'"
if (-not $sp) { $sp = New-MgServicePrincipal -AppId $app }
$assigned = Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $sp.Id -All

# Grants each application permission, which is its admin consent.
foreach ($permission in $permissions) {
  $role = $graph.AppRoles | Where-Object { $_.Value -eq $permission }
  if (-not $role) { throw "This cloud has no permission $permission." }
  if ($assigned.AppRoleId -contains $role.Id) { continue }
  New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $sp.Id `
    -PrincipalId $sp.Id -ResourceId $graph.Id -AppRoleId $role.Id | Out-Null
}
"Application (client) id for the portal: $app"
"""


@dataclass(frozen=True, slots=True)
class Request:
    """What the scripts are made for; permissions as Entra names them, ids may be empty."""

    tenant: str
    entra_id: str
    cloud: str
    permissions: tuple[str, ...]
    client_id: str = ""
    subscription_id: str = ""
    resource_group: str = ""
    application_name: str = "MSP portal provisioning"


def consent_link(request: Request) -> str:
    """Where an administrator of the customer consents to a multi-tenant application."""
    authority = CLOUDS[request.cloud].authority
    return f"{authority}/{request.entra_id}/adminconsent?client_id={request.client_id}"


def azure_cli(request: Request) -> str:
    """A bash script for Azure CLI."""
    quote = shlex.quote
    lines = [
        "#!/usr/bin/env bash",
        f"# Prepares {_comment(request.tenant)} for provisioning over SCIM.",
        "# Run it as an administrator of the customer; it may be run again.",
        "set -euo pipefail",
        f"az cloud set --name {_AZURE_CLOUDS.get(request.cloud, 'AzureCloud')}",
        f"az login --tenant {quote(request.entra_id)} --allow-no-subscriptions --output none",
        "",
        *_cli_billing(request, quote),
        *_cli_application(request, quote),
        f"api={_graph(request)}/v1.0/servicePrincipals",
        f"permissions=({' '.join(map(quote, request.permissions))})",
    ]
    return "\n".join(lines) + _CLI_GRANTS


def _graph(request: Request) -> str:
    return CLOUDS[request.cloud].scope.removesuffix("/.default")


def _comment(text: str) -> str:
    """One line, whatever is in it."""
    return " ".join(text.split())


def _cli_billing(request: Request, quote: Callable[[str], str]) -> list[str]:
    if not request.subscription_id:
        return []
    lines = [
        "# The subscription that is billed; the feature itself is turned on in the admin center.",
        f"az account set --subscription {quote(request.subscription_id)}",
        f"az provider register --namespace {_PROVIDER} --wait",
    ]
    if request.resource_group:
        lines.append(f"az group show --name {quote(request.resource_group)} --output none")
    return [*lines, ""]


def _cli_application(request: Request, quote: Callable[[str], str]) -> list[str]:
    if request.client_id:
        return [f"app={quote(request.client_id)}"]
    name = quote(request.application_name)
    return [
        "# The app registration: no redirect address, one tenant.",
        f"app=$(az ad app list --display-name {name} --query '[0].appId' --output tsv)",
        'if [ -z "$app" ]; then',
        f"  app=$(az ad app create --display-name {name} --sign-in-audience AzureADMyOrg \\",
        "    --query appId --output tsv)",
        "fi",
    ]


def powershell(request: Request) -> str:
    """A PowerShell script for the modules Microsoft.Graph and Az."""
    environment = _GRAPH_ENVIRONMENTS.get(request.cloud, "Global")
    lines = [
        f"# Prepares {_comment(request.tenant)} for provisioning over SCIM.",
        "# Run it as an administrator of the customer, with the modules Microsoft.Graph and Az;",
        "# it may be run again.",
        "$ErrorActionPreference = 'Stop'",
        *_ps_billing(request),
        f"Connect-MgGraph -TenantId {_ps(request.entra_id)} -Environment {environment} `",
        "  -NoWelcome -Scopes 'Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All'",
        f"$graph = Get-MgServicePrincipal -Filter \"appId eq '{GRAPH_APPLICATION}'\"",
        f"$permissions = @({', '.join(map(_ps, request.permissions))})",
        *_ps_application(request),
    ]
    return "\n".join(lines) + _PS_GRANTS


def _ps(text: str) -> str:
    """A PowerShell literal: typographic quotes end a string there as well, so all are doubled."""
    return (
        "'"
        + "".join(each * 2 if each in "'\u2018\u2019\u201a\u201b" else each for each in text)
        + "'"
    )


def _ps_billing(request: Request) -> list[str]:
    if not request.subscription_id:
        return []
    environment = _AZURE_CLOUDS.get(request.cloud, "AzureCloud")
    lines = [
        "# The subscription that is billed; the feature itself is turned on in the admin center.",
        f"Connect-AzAccount -Environment {environment} -Tenant {_ps(request.entra_id)} `",
        f"  -Subscription {_ps(request.subscription_id)} | Out-Null",
        f"Register-AzResourceProvider -ProviderNamespace {_PROVIDER} | Out-Null",
    ]
    if request.resource_group:
        lines.append(f"Get-AzResourceGroup -Name {_ps(request.resource_group)} | Out-Null")
    return lines


def _ps_application(request: Request) -> list[str]:
    if request.client_id:
        return [f"$app = {_ps(request.client_id)}"]
    name = _ps(request.application_name)
    # A name in an OData filter doubles its quotes (OData 4, 5.1.1.6.2), on top of PowerShell's.
    filtered = request.application_name.replace("'", "''")
    wanted = f"displayName eq '{filtered}'"
    return [
        "# The app registration: no redirect address, one tenant.",
        f"$found = Get-MgApplication -Filter {_ps(wanted)}",
        "$found = $found | Select-Object -First 1",
        "if ($found) { $app = $found.AppId } else {",
        f"  $app = (New-MgApplication -DisplayName {name} -SignInAudience AzureADMyOrg).AppId",
        "}",
    ]
