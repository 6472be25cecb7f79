using System.CommandLine;
using BenchmarkDotNet.Running;
using FastAttn.Bench.Measurements;

// "benchmarks" hands everything behind it to BenchmarkDotNet; the other commands make the tables that the README quotes.
if (args is ["benchmarks", .. string[] rest])
{
    BenchmarkSwitcher.FromAssembly(typeof(MeasurementCommand).Assembly).Run(rest);
    return 0;
}

return new RootCommand("Measures FastAttn. 'benchmarks' runs BenchmarkDotNet with the arguments that follow; every other command prints one table.")
{
    MeasurementCommand.CreateFolder(),
    MeasurementCommand.Create("limits", "What this machine can do at most: multiply-adds, additions, bytes a second from each cache.", new Limits()),
    MeasurementCommand.Create("peak", "Share of the fused multiply-add peak that the direct method reaches.", new PeakShare()),
    MeasurementCommand.Create("features", "Share of the fused multiply-add peak that feature maps reach.", new FeatureShare()),
    MeasurementCommand.Create("heads", "Time of a head by direct and fft, what the planner takes, and other programs' times.", new Heads()),
    MeasurementCommand.Create("grids", "Heads on grids against heads over sequences of as many tokens.", new Grids()),
    MeasurementCommand.Create("fft", "Transforms of the FFT method against the floors that the vector units set.", new Transforms()),
    MeasurementCommand.Create("lengths", "The FFT method at random lengths against the transform lengths above them.", new Lengths()),
    MeasurementCommand.Create("toeplitz", "Toeplitz products of 64 columns, and other programs' times.", new ToeplitzProducts()),
    MeasurementCommand.Create("types", "Heads of 16-bit numbers against the same in float32.", new ElementTypes()),
    MeasurementCommand.Create("threads", "One head and eight heads on one thread and on two.", new ThreadScaling()),
    MeasurementCommand.Create("memory", "Working memory of a head against its bound.", new WorkingMemory()),
    MeasurementCommand.Create("accuracy", "Largest error of the FFT method in units of its certificate.", new ErrorScan()),
    MeasurementCommand.Create("costs", "What the planner's cost table should hold on this machine.", new Costs()),
    MeasurementCommand.Create("positions", "Heads whose positions have structure: time a token, memory and error up to a million tokens.", new StructuredHeads()),
    MeasurementCommand.Create("softmax", "Exact softmax attention, and how much faster kernelized attention is.", new SoftmaxComparison()),
    MeasurementCommand.Create("skyformer", "Skyformer against the floor of its products and exponentials, and against what it approximates.", new SkyformerShare()),
    MeasurementCommand.Create("torch", "Ours against PyTorch in the same rounds; --peers bench/peers/pytorch.sh.", new TorchComparison()),
    MeasurementCommand.Create("planner", "How often the planner's choice is the fastest method, over random problems.", new PlannerChoices()),
}.Parse(args).Invoke();
