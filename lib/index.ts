export type { DbgptAuthModule } from './commonjs.ts'
export { createApiKey } from './keys/api-key.ts'
export { generateApiKey, hashApiKey, isMistypedApiKey } from './keys/generate.ts'
export { dbgptAuth, dbgptAuth as default } from './plugin.ts'
export { FileKeyStore } from './stores/file/store.ts'
export { MemoryKeyStore } from './stores/memory.ts'
export type {
  ApiKey, ApiKeyEvent, ApiKeyInit, DbgptAuthOptions, ErrorFormat, ErrorFormatter, GetKey, KeyStore, KeyStoreLog, LogLevel,
  ManagedKeyStore, RejectionInfo, RejectionReason, VerificationError, VerifyApiKey
} from './types.ts'
