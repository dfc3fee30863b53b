// What this package says of itself in the formats of others, made of package.json, so that a version, a name or a
// description stands in one place. Pure; write-manifests.mjs writes them, bundle.mjs takes the bundle's.

/** Stands in `mcpName` until the repository has an owner; nothing can be published with it. */
const PLACEHOLDER = 'OWNER';

// https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json, the newest release of the format by its
// changelog (github.com/modelcontextprotocol/registry, docs/reference/server-json/CHANGELOG.md, read November 2026).
const SERVER_SCHEMA = 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json';

// The newest that the official tool takes: LATEST_MANIFEST_VERSION in @anthropic-ai/mcpb 2.1.2, dist/shared/constants.js.
const BUNDLE_MANIFEST_VERSION = '0.4';

/** The owner's name in `mcpName`: publishing from GitHub gives the right to `io.github.OWNER/*` alone. */
function ownerOf({ mcpName }) {
  return /^io\.github\.([^/]+)\//.exec(mcpName)?.[1];
}

/** The repository's address for people, from npm's form of it; undefined where package.json names none. */
function repositoryUrl({ repository }) {
  const url = typeof repository === 'string' ? repository : repository?.url;
  return url?.replace(/^git\+/, '').replace(/\.git$/, '');
}

/** What must be done before this package can be published, in words; nothing if it can. */
export function beforePublishing(manifest) {
  const owner = ownerOf(manifest);
  if (owner === undefined || owner === PLACEHOLDER) {
    return [`mcpName in package.json is ${manifest.mcpName}: put the owner's GitHub name for ${PLACEHOLDER}`];
  }
  const wanted = `https://github.com/${owner}/`;
  if (repositoryUrl(manifest)?.startsWith(wanted)) return [];
  return [`repository in package.json must begin with ${wanted}, or npm refuses the provenance`];
}

/**
 * The entry in the MCP registry. `bundle` adds the .mcpb of a GitHub release: `{ name, sha256 }`.
 * Facts: the schema above; https://modelcontextprotocol.io/registry/package-types (mcpName, fileSha256).
 */
export function serverJson(manifest, bundle) {
  const { name, version, description, mcpName } = manifest;
  const repository = repositoryUrl(manifest);
  const transport = { type: 'stdio' };
  const download = `${repository}/releases/download/v${version}/${bundle?.name}`;
  return {
    $schema: SERVER_SCHEMA,
    name: mcpName,
    title: 'Sidejob',
    description,
    version,
    ...(repository && { repository: { url: repository, source: 'github' } }),
    packages: [
      {
        registryType: 'npm',
        identifier: name,
        version,
        runtimeHint: 'npx',
        transport,
        environmentVariables: VARIABLES,
      },
      ...(bundle && repository
        ? [{ registryType: 'mcpb', identifier: download, version, fileSha256: bundle.sha256, transport }]
        : []),
    ],
  };
}

/** The few that a person may want to set where servers are entered; all of them are in README.md. */
const VARIABLES = [
  {
    name: 'SIDEJOB_HOME',
    description: 'The data folder, an absolute path; ~/.sidejob if left out.',
    format: 'filepath',
  },
  {
    name: 'SIDEJOB_MAX_ACCESS',
    description: 'Highest access of a job.',
    choices: ['read-only', 'edit', 'full'],
  },
  { name: 'SIDEJOB_POLICY', description: 'A policy file, an absolute path.', format: 'filepath' },
];

/** Facts: https://code.claude.com/docs/en/plugins/manifest-reference, and `claude plugin validate` of 2.1.328. */
export function pluginJson(manifest) {
  const { name, version, description, author, license, keywords } = manifest;
  const repository = repositoryUrl(manifest);
  return { name, version, description, author: { name: author }, ...(repository && { repository }), license, keywords };
}

/** Makes the repository a place from which Claude Code installs the plugin. */
export function marketplaceJson({ name, description, author }) {
  return { name, description, owner: { name: author }, plugins: [{ name, source: './plugin', description }] };
}

/** A variable in a bundle's manifest, which the client replaces. */
const variable = (name) => `\${${name}}`;

/**
 * The bundle's manifest. Facts: MANIFEST.md of github.com/modelcontextprotocol/mcpb, and the schema in @anthropic-ai/mcpb.
 * `tools`, `hasPrompts`: what the server itself says. A prompt in a manifest is a fixed text, and ours are not.
 */
export function bundleManifest(manifest, { tools, hasPrompts }) {
  const { name, version, description, author, license, keywords, engines } = manifest;
  const repository = repositoryUrl(manifest);
  return {
    manifest_version: BUNDLE_MANIFEST_VERSION,
    name,
    display_name: 'Sidejob',
    version,
    description,
    author: { name: author },
    ...(repository && { repository: { type: 'git', url: repository } }),
    icon: 'icon.png',
    server: {
      type: 'node',
      entry_point: 'dist/sidejob.js',
      mcp_config: {
        command: 'node',
        args: [`${variable('__dirname')}/dist/sidejob.js`],
        // Empty counts as not set, so that config.toml still has its say.
        env: {
          SIDEJOB_HOME: variable('user_config.data_folder'),
          SIDEJOB_MAX_ACCESS: variable('user_config.max_access'),
        },
      },
    },
    tools: tools.map((tool) => ({ name: tool.name, description: tool.description })),
    tools_generated: false,
    prompts_generated: hasPrompts,
    keywords,
    license,
    // Windows is refused by the server itself: docs/platforms.md.
    compatibility: { platforms: ['darwin', 'linux'], runtimes: { node: engines.node } },
    user_config: {
      data_folder: {
        type: 'directory',
        title: 'Data folder',
        description: 'Where jobs and their output are kept. Empty: ~/.sidejob, which the command line uses too.',
        required: false,
        default: '',
      },
      max_access: {
        type: 'string',
        title: 'Highest access of a job',
        description: 'read-only, edit or full. Empty: what config.toml says, else full.',
        required: false,
        default: '',
      },
    },
  };
}
