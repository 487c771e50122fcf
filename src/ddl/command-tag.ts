import { type Ast, child, textOf } from './ast.ts';

/** ObjectType of the parser → the words of a command tag, where they are not simply the same. */
const OBJECT_WORDS: Readonly<Record<string, string>> = {
  OBJECT_TABCONSTRAINT: 'TABLE',
  OBJECT_DOMCONSTRAINT: 'DOMAIN',
  OBJECT_ATTRIBUTE: 'TYPE',
  OBJECT_MATVIEW: 'MATERIALIZED VIEW',
  OBJECT_STATISTIC_EXT: 'STATISTICS',
  OBJECT_FOREIGN_SERVER: 'SERVER',
  OBJECT_FDW: 'FOREIGN DATA WRAPPER',
  OBJECT_TSCONFIGURATION: 'TEXT SEARCH CONFIGURATION',
  OBJECT_TSDICTIONARY: 'TEXT SEARCH DICTIONARY',
  OBJECT_TSPARSER: 'TEXT SEARCH PARSER',
  OBJECT_TSTEMPLATE: 'TEXT SEARCH TEMPLATE',
  OBJECT_LARGEOBJECT: 'LARGE OBJECT',
  OBJECT_OPCLASS: 'OPERATOR CLASS',
  OBJECT_OPFAMILY: 'OPERATOR FAMILY',
};

/** Statements that have one tag each. */
const STATEMENT_TAGS: Readonly<Record<string, string>> = {
  CreateStmt: 'CREATE TABLE',
  IndexStmt: 'CREATE INDEX',
  ViewStmt: 'CREATE VIEW',
  CreateSeqStmt: 'CREATE SEQUENCE',
  AlterSeqStmt: 'ALTER SEQUENCE',
  CreateSchemaStmt: 'CREATE SCHEMA',
  CreateEnumStmt: 'CREATE TYPE',
  CompositeTypeStmt: 'CREATE TYPE',
  CreateRangeStmt: 'CREATE TYPE',
  AlterEnumStmt: 'ALTER TYPE',
  AlterTypeStmt: 'ALTER TYPE',
  CreateDomainStmt: 'CREATE DOMAIN',
  AlterDomainStmt: 'ALTER DOMAIN',
  CreateTrigStmt: 'CREATE TRIGGER',
  CreatePolicyStmt: 'CREATE POLICY',
  AlterPolicyStmt: 'ALTER POLICY',
  RuleStmt: 'CREATE RULE',
  CommentStmt: 'COMMENT',
  AlterDefaultPrivilegesStmt: 'ALTER DEFAULT PRIVILEGES',
  CreateExtensionStmt: 'CREATE EXTENSION',
  AlterExtensionStmt: 'ALTER EXTENSION',
  AlterExtensionContentsStmt: 'ALTER EXTENSION',
  RefreshMatViewStmt: 'REFRESH MATERIALIZED VIEW',
  CreateStatsStmt: 'CREATE STATISTICS',
  AlterStatsStmt: 'ALTER STATISTICS',
  CreateCastStmt: 'CREATE CAST',
  CreatePublicationStmt: 'CREATE PUBLICATION',
  AlterPublicationStmt: 'ALTER PUBLICATION',
  CreateSubscriptionStmt: 'CREATE SUBSCRIPTION',
  AlterSubscriptionStmt: 'ALTER SUBSCRIPTION',
  DropSubscriptionStmt: 'DROP SUBSCRIPTION',
  CreateFdwStmt: 'CREATE FOREIGN DATA WRAPPER',
  AlterFdwStmt: 'ALTER FOREIGN DATA WRAPPER',
  CreateForeignServerStmt: 'CREATE SERVER',
  AlterForeignServerStmt: 'ALTER SERVER',
  CreateForeignTableStmt: 'CREATE FOREIGN TABLE',
  CreateUserMappingStmt: 'CREATE USER MAPPING',
  AlterUserMappingStmt: 'ALTER USER MAPPING',
  DropUserMappingStmt: 'DROP USER MAPPING',
  CreateAmStmt: 'CREATE ACCESS METHOD',
  CreateConversionStmt: 'CREATE CONVERSION',
  CreateOpClassStmt: 'CREATE OPERATOR CLASS',
  CreateOpFamilyStmt: 'CREATE OPERATOR FAMILY',
  AlterOpFamilyStmt: 'ALTER OPERATOR FAMILY',
  AlterOperatorStmt: 'ALTER OPERATOR',
  CreatePLangStmt: 'CREATE LANGUAGE',
  CreateTransformStmt: 'CREATE TRANSFORM',
  DropOwnedStmt: 'DROP OWNED',
  SecLabelStmt: 'SECURITY LABEL',
  AlterTSConfigurationStmt: 'ALTER TEXT SEARCH CONFIGURATION',
  AlterTSDictionaryStmt: 'ALTER TEXT SEARCH DICTIONARY',
  AlterCollationStmt: 'ALTER COLLATION',
  ImportForeignSchemaStmt: 'IMPORT FOREIGN SCHEMA',
  ReindexStmt: 'REINDEX',
};

/** The command tag that an event trigger sees for a parse node; the node's own name for what is no DDL. */
export function commandTag(kind: string, node: Ast): string {
  switch (kind) {
    case 'CreateTableAsStmt':
      if (node['objtype'] === 'OBJECT_MATVIEW') return 'CREATE MATERIALIZED VIEW';
      return node['is_select_into'] === true ? 'SELECT INTO' : 'CREATE TABLE AS';
    case 'SelectStmt':
      return child(node, 'intoClause') === undefined ? 'SELECT' : 'SELECT INTO';
    case 'DefineStmt':
      return `CREATE ${objectWords(node, 'kind')}`;
    case 'CreateFunctionStmt':
      return node['is_procedure'] === true ? 'CREATE PROCEDURE' : 'CREATE FUNCTION';
    case 'AlterFunctionStmt':
    case 'AlterTableStmt':
    case 'AlterTableMoveAllStmt':
      return `ALTER ${objectWords(node, 'objtype')}`;
    case 'RenameStmt': {
      const renamed = textOf(node, 'renameType');
      return `ALTER ${objectWords(node, renamed === 'OBJECT_COLUMN' || renamed === 'OBJECT_ATTRIBUTE' ? 'relationType' : 'renameType')}`;
    }
    case 'AlterObjectSchemaStmt':
    case 'AlterOwnerStmt':
    case 'AlterObjectDependsStmt':
      return `ALTER ${objectWords(node, 'objectType')}`;
    case 'DropStmt':
      return `DROP ${objectWords(node, 'removeType')}`;
    case 'GrantStmt':
      return node['is_grant'] === true ? 'GRANT' : 'REVOKE';
    default:
      return STATEMENT_TAGS[kind] ?? kind;
  }
}

function objectWords(node: Ast, field: string): string {
  const kind = textOf(node, field) ?? '';
  return OBJECT_WORDS[kind] ?? kind.replace('OBJECT_', '').replaceAll('_', ' ');
}
