/** Why what is about modes, owners and symbolic links is skipped here; false, it is not. */
export const skip: string | false = process.platform === 'win32' ? 'Windows has no modes, and links for few' : false
