import type { Role } from '../generated/graphql';

/**
 * What the page offers to a role. The server decides; this only hides buttons that would always
 * fail.
 */
export interface Permissions {
  /** Reads any account of the platform, and so gets the account picker. */
  everyAccount: boolean;
  /** Reads usage, lots and purchases, and receives balance changes. */
  report: boolean;
  allocate: boolean;
  importContacts: boolean;
  purchase: boolean;
  /** Changes the automatic recharge. */
  recharge: boolean;
  /** Is shown the way to GraphiQL, which is for those who write programs. */
  graphiql: boolean;
}

const PERMISSIONS: Record<Role, Permissions> = {
  PLATFORM_ADMIN: {
    everyAccount: true,
    report: true,
    allocate: true,
    importContacts: true,
    purchase: true,
    recharge: true,
    graphiql: true,
  },
  ACCOUNT_MANAGER: {
    everyAccount: true,
    report: true,
    allocate: false,
    importContacts: false,
    purchase: false,
    recharge: false,
    graphiql: false,
  },
  OWNER: {
    everyAccount: false,
    report: true,
    allocate: true,
    importContacts: true,
    purchase: true,
    recharge: true,
    graphiql: false,
  },
  MEMBER: {
    everyAccount: false,
    report: true,
    allocate: true,
    importContacts: true,
    purchase: true,
    recharge: false,
    graphiql: false,
  },
  VIEWER: {
    everyAccount: false,
    report: true,
    allocate: false,
    importContacts: false,
    purchase: false,
    recharge: false,
    graphiql: false,
  },
  SENDER: {
    everyAccount: false,
    report: false,
    allocate: false,
    importContacts: false,
    purchase: false,
    recharge: false,
    graphiql: false,
  },
};

export function permissionsOf(role: Role): Permissions {
  return PERMISSIONS[role];
}
