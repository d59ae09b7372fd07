export const placeholders = (values: { readonly length: number }): string => ", ?".repeat(values.length).slice(2);
