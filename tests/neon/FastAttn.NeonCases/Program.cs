using FastAttn.NeonCases;

// FastAttn.NeonCases OUTPUT EMITTED.g.cs …: writes what run.sh compiles for ARM64 and what the emulated program reads.
//   OUTPUT/plain/        the emitted kernels as they are, and one entry point that calls any of them by number
//   OUTPUT/marked/       the same, each method noting that it ran
//   OUTPUT/cases.bin     arguments, and what the portable kernels make of them
string output = args[0];
EmittedKernels kernels = EmittedKernels.Read(args[1..]);
foreach ((string folder, bool marked) in new[] { ("plain", false), ("marked", true) })
{
    string target = Path.Combine(output, folder);
    Directory.CreateDirectory(target);
    foreach ((string file, string text) in kernels.Sources(marked)) File.WriteAllText(Path.Combine(target, file), text);
    File.WriteAllText(Path.Combine(target, "EntryPoint.cs"), EntryPoint.Text(kernels));
}

using FileStream stream = File.Create(Path.Combine(output, "cases.bin"));
using var writer = new CaseWriter(stream, kernels);
int count = writer.Write(KernelCases.All(kernels));
Console.WriteLine($"{kernels.Methods.Count} emitted NEON methods, {count} cases");
